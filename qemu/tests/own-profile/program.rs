//! A program of a user's own. The scenario compiles it and its profile puts it into the image.
fn main() {
    println!("greetings from {}", std::env::consts::ARCH);
}
