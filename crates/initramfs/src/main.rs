//! initramfs — /init of the initramfs.
fn main() {}
