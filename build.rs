//! What a process costs before its first line, on Linux with glibc: git starts one for each signature.
//!
//! - The program is linked at a fixed address. With a place of its own for each process the loader would relocate thirty thousand pointers,
//!   a fifth of what paraph takes. Set `PARAPH_PIE=1` where a distribution's rules want it otherwise.
//! - gcc's unwinder is linked in where the compiler has it as an archive: the library is loaded for nothing but three functions, and asks
//!   the processor for its features, which a virtual machine answers slowly.

use std::{path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PARAPH_PIE");
    println!("cargo::rerun-if-env-changed=CC");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") != "linux" || target("ENV") != "gnu" {
        return;
    }
    let wants_pie = std::env::var_os("PARAPH_PIE").is_some_and(|value| !value.is_empty() && value != "0");
    if !wants_pie {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    let is_native = std::env::var("HOST") == std::env::var("TARGET");
    if is_native && has_archive_of_unwinder() {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

fn has_archive_of_unwinder() -> bool {
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let Ok(answer) = Command::new(compiler).arg("-print-file-name=libgcc_eh.a").output() else { return false };
    // a compiler that does not know the file repeats its name
    std::str::from_utf8(&answer.stdout).is_ok_and(|path| Path::new(path.trim()).is_absolute() && Path::new(path.trim()).is_file())
}
