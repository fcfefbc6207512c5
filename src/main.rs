//! The paraph program.
fn main() {}
