//! trust — whose packages are taken: keys, signatures, and what must be shown before a byte of a file is believed.

mod der;
pub mod key;
pub mod signing;

pub use key::{Key, Keys};
pub use signing::SigningKey;

use crate::identity::Identity;

/// What a file must show.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    pub keys: &'a Keys,
    /// A file that no trusted key has signed is taken, too. One that is signed wrongly never is.
    pub allow_untrusted: bool,
    /// The file is the one that a trusted index names: this decides, where it can, and signatures are not looked at.
    pub identity: Option<Identity>,
}

impl<'a> Trust<'a> {
    /// A good signature by one of `keys`.
    pub fn signed(keys: &'a Keys) -> Trust<'a> {
        Trust { keys, allow_untrusted: false, identity: None }
    }

    /// Whatever it is. For what is only shown, never for what is installed.
    pub fn anything(keys: &'a Keys) -> Trust<'a> {
        Trust { keys, allow_untrusted: true, identity: None }
    }

    /// The file of this identity.
    pub fn identity(keys: &'a Keys, identity: Identity) -> Trust<'a> {
        Trust { keys, allow_untrusted: false, identity: Some(identity) }
    }
}
