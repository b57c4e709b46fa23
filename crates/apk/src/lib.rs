//! apk — packages in Alpine's formats: read, trusted, chosen, installed, and made.
//!
//! A library by concept that prints nothing and keeps no global state; `command` is the program that users type.
//! docs/apk.md has the design. Start reading in `package`: what a package is; then `solver`: which ones to have; then
//! `transaction`: how they get into a root.

#![forbid(unsafe_code)]

pub mod adb;
pub mod audit;
pub mod catalog;
pub mod command;
pub mod database;
pub mod deflate;
pub mod dependency;
pub mod entry;
pub mod error;
pub mod extract;
mod fast_hash;
pub mod history;
pub mod identity;
pub mod lockfile;
pub mod network;
pub mod output;
pub mod package;
pub mod package_name;
pub mod reader;
pub mod repository;
pub mod solver;
pub mod transaction;
pub mod trust;
pub mod universe;
pub mod v2;
pub mod version;
pub mod zstd;
