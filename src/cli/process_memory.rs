//! Memory that a short-lived process leaves to the operating system.

/// Keeps a value until the process ends and never drops it. In a call of git's, freeing trust roots and configuration piece by piece takes
/// longer than the operating system needs for all of the process' memory. Values that hold secrets must be dropped instead, so that they are
/// wiped.
pub(super) fn leak_until_exit<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
