//! crypto — digests and password hashes.
