//! archive — readers and writers of archive and compression formats. No file is opened here.
