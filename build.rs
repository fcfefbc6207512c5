//! Shortens the start of the process on Linux with glibc, because git starts one process for each signature.
//!
//! - Relative relocations are packed (`-z pack-relative-relocs`): 23,000 of them take 6 KB instead of 560 KB, and the loader reads fewer pages.
//!   The loader has to know the format, which glibc does from 2.36 on; an older one refuses the program with a sentence. So they are packed only
//!   if this machine's glibc is as new and the build is for this machine. To run on older systems, build on an older system.
//! - gcc's unwinder is linked statically if the compiler has it as an archive. The shared library would be loaded for three functions, and it
//!   queries the processor's features, which is slow on a virtual machine.
//!
//! Neither is done if `PARAPH_PORTABLE` is set: `scripts/release` sets it, because its toolchain links for an older glibc than this machine's.
//! `man/figures.md` has the measurements.

use std::{path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CC");
    println!("cargo::rerun-if-env-changed=PARAPH_PORTABLE");
    println!("cargo::rerun-if-env-changed=AWS_LC_SYS_NO_JITTER_ENTROPY");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    if variable("PROFILE") == "release" && variable("AWS_LC_SYS_NO_JITTER_ENTROPY") != "1" {
        println!("cargo::warning=AWS_LC_SYS_NO_JITTER_ENTROPY=1 is not set; each signature without the agent takes 30 ms longer");
    }
    let is_glibc = variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    if !is_glibc || variable("HOST") != variable("TARGET") || !variable("PARAPH_PORTABLE").is_empty() {
        return;
    }
    if glibc_version().is_some_and(|version| version >= (2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    if has_archive_of_unwinder() {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// The version of this machine's C library, major and minor.
fn glibc_version() -> Option<(u32, u32)> {
    let answer = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let answer = String::from_utf8(answer.stdout).ok()?;
    let mut numbers = answer.trim().strip_prefix("glibc ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn has_archive_of_unwinder() -> bool {
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let Ok(answer) = Command::new(compiler).arg("-print-file-name=libgcc_eh.a").output() else { return false };
    // a compiler that does not know the file repeats its name
    std::str::from_utf8(&answer.stdout).is_ok_and(|path| Path::new(path.trim()).is_absolute() && Path::new(path.trim()).is_file())
}
