//! handover — gives the kernel its initramfs and command line, and starts it. The only `unsafe` of the loader is here.
//!
//! The kernel's stub looks for a LoadFile2 protocol at a device path that consists of one vendor node, and asks it for the
//! initramfs. Nothing is copied into a place that firmware and kernel would have to agree on.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::ptr;

use uefi::boot::{self, LoadImageSource};
use uefi::data_types::CString16;
use uefi::proto::device_path::build::{DevicePathBuilder, media};
use uefi::proto::loaded_image::LoadedImage;
use uefi::{Guid, Handle, Status, guid};
use uefi_raw::Boolean;
use uefi_raw::protocol::device_path::DevicePathProtocol;
use uefi_raw::protocol::media::LoadFile2Protocol;

use crate::Result;

/// LINUX_EFI_INITRD_MEDIA_GUID of Linux's include/linux/efi.h.
const INITRD_MEDIA: Guid = guid!("5568e427-68fc-4f3d-ac74-ca555231cc68");

/// Starts `kernel`; returns only if that fails.
pub(crate) fn start(
    kernel: Vec<u8>,
    initrd: Option<Vec<u8>>,
    cmdline: &str,
) -> Result<core::convert::Infallible> {
    let source = LoadImageSource::FromBuffer { buffer: &kernel, file_path: None };
    let image = boot::load_image(boot::image_handle(), source)
        .map_err(|error| format!("is not a program that this firmware starts: {}", error.status()))?;
    drop(kernel); // the firmware has made a copy
    let options =
        CString16::try_from(cmdline).map_err(|_| String::from("the command line is not plain text"))?;
    set_options(image, &options)?;
    if let Some(initrd) = initrd {
        publish(initrd)?;
    }
    match boot::start_image(image) {
        Ok(()) => Err(String::from("the kernel came back")),
        Err(error) => Err(format!("cannot be started: {}", error.status())),
    }
}

/// Sets the command line of a loaded image; `options` must outlive it.
fn set_options(image: Handle, options: &CString16) -> Result<()> {
    let mut loaded = boot::open_protocol_exclusive::<LoadedImage>(image)
        .map_err(|error| format!("cannot be given a command line: {}", error.status()))?;
    let size =
        u32::try_from(options.num_bytes()).map_err(|_| String::from("the command line is too long"))?;
    // SAFETY: `options` is alive and unchanged until `start_image` has returned, and `size` is its length in bytes.
    unsafe { loaded.set_load_options(options.as_ptr().cast(), size) };
    Ok(())
}

/// The protocol with its data behind it: firmware hands `this` back to us.
#[repr(C)]
struct Initrd {
    protocol: LoadFile2Protocol,
    contents: Vec<u8>,
}

/// Publishes the initramfs. It stays until the kernel has taken the machine over.
fn publish(contents: Vec<u8>) -> Result<()> {
    let mut path = Vec::new();
    let node = media::Vendor { vendor_guid: INITRD_MEDIA, vendor_defined_data: &[] };
    let builder = DevicePathBuilder::with_vec(&mut path).push(&node);
    builder.and_then(DevicePathBuilder::finalize).map_err(|_| String::from("cannot build a device path"))?;
    let path: &'static [u8] = Box::leak(path.into_boxed_slice());
    let initrd = Box::leak(Box::new(Initrd { protocol: LoadFile2Protocol { load_file }, contents }));
    let failed = |error: uefi::Error| format!("the initramfs cannot be published: {}", error.status());
    // SAFETY: both interfaces are leaked, so they live as long as the handle, and have the layout of their GUIDs: a whole
    // device path, and a struct that begins with LoadFile2's.
    unsafe {
        let handle = boot::install_protocol_interface(None, &DevicePathProtocol::GUID, path.as_ptr().cast())
            .map_err(failed)?;
        let interface: *const c_void = ptr::from_mut(initrd).cast();
        boot::install_protocol_interface(Some(handle), &LoadFile2Protocol::GUID, interface)
            .map_err(failed)?;
    }
    Ok(())
}

/// LoadFile2's only function. Source: UEFI 2.10, 13.2.
unsafe extern "efiapi" fn load_file(
    this: *mut LoadFile2Protocol,
    _path: *const DevicePathProtocol,
    boot_policy: Boolean,
    size: *mut usize,
    buffer: *mut c_void,
) -> Status {
    if this.is_null() || size.is_null() {
        return Status::INVALID_PARAMETER;
    }
    if boot_policy != Boolean::FALSE {
        return Status::UNSUPPORTED;
    }
    // SAFETY: `this` is the first field of an `Initrd` that `publish` leaked and nobody changes; `size` is not null and,
    // by the protocol, points to the size of `buffer`.
    let (contents, size) = unsafe { (&(*this.cast::<Initrd>()).contents, &mut *size) };
    if buffer.is_null() || *size < contents.len() {
        *size = contents.len();
        return Status::BUFFER_TOO_SMALL;
    }
    *size = contents.len();
    // SAFETY: `buffer` has room for `contents.len()` bytes, which was just compared, and is the caller's own.
    unsafe { ptr::copy_nonoverlapping(contents.as_ptr(), buffer.cast(), contents.len()) };
    Status::SUCCESS
}
