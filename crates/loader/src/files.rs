//! files — reading from the volume that the loader was started from.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use uefi::boot;
use uefi::data_types::CString16;
use uefi::proto::media::file::{Directory, File, FileAttribute, FileInfo, FileMode};

use crate::Result;

/// The root of the loader's volume.
pub(crate) fn own_volume() -> Result<Directory> {
    let volume =
        boot::get_image_file_system(boot::image_handle()).and_then(|mut system| system.open_volume());
    volume.map_err(|error| format!("cannot open the volume I was started from: {}", error.status()))
}

/// The whole of a file. Both slashes separate folders.
pub(crate) fn read(volume: &mut Directory, path: &str) -> Result<Vec<u8>> {
    let failed = |error: uefi::Error| format!("{path}: {}", error.status());
    let name =
        CString16::try_from(path.replace('/', "\\").as_str()).map_err(|_| format!("{path}: not a name"))?;
    let file = volume.open(&name, FileMode::Read, FileAttribute::empty()).map_err(failed)?;
    let mut file = file.into_regular_file().ok_or_else(|| format!("{path}: is a folder"))?;
    let info = file.get_boxed_info::<FileInfo>().map_err(failed)?;
    let size = usize::try_from(info.file_size()).map_err(|_| format!("{path}: too large"))?;
    let mut contents: Vec<u8> = Vec::new();
    contents.try_reserve_exact(size).map_err(|_| no_memory(path, size))?;
    contents.resize(size, 0);
    let count = file.read(&mut contents).map_err(failed)?;
    if count != size {
        return Err(format!("{path}: ended after {count} of {size} bytes"));
    }
    Ok(contents)
}

#[cold]
fn no_memory(path: &str, size: usize) -> String {
    format!("{path}: no memory for {size} bytes")
}
