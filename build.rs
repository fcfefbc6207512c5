//! Links the program for Linux at a fixed address: git starts a process for each signature, and with a place of its own for each the loader
//! would relocate thirty thousand pointers before the first line runs, a fifth of what paraph takes. Set `PARAPH_PIE=1` where a
//! distribution's rules want it otherwise.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PARAPH_PIE");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    let wants_pie = std::env::var_os("PARAPH_PIE").is_some_and(|value| !value.is_empty() && value != "0");
    if target("OS") == "linux" && target("ENV") == "gnu" && !wants_pie {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
