// Written by `cargo xtask codegen`.

pub(crate) mod blkid;
pub(crate) mod blockdev;
pub(crate) mod common;
pub(crate) mod device;
pub(crate) mod findfs;
pub(crate) mod fsck;
pub(crate) mod fstrim;
pub(crate) mod losetup;
pub(crate) mod mkfs_vfat;
pub(crate) mod mkswap;
pub(crate) mod mount;
pub(crate) mod mountpoint;
pub(crate) mod pivot_root;
pub(crate) mod swapon;
pub(crate) mod switch_root;
pub(crate) mod umount;
