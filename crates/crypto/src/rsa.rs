//! rsa — whether an RSA signature is that of a public key, fast: who verifies a repository checks thousands.
//!
//! Nothing here is secret, so nothing takes care of how long it takes. Source: RFC 8017, sections 5.2.2 and 8.2.2; Koç,
//! Acar, Kaliski: Analyzing and Comparing Montgomery Multiplication Algorithms (CIOS).

use std::sync::OnceLock;

/// A public key.
#[derive(Debug)]
pub struct PublicKey {
    /// The modulus, the least significant word first.
    modulus: Vec<u64>,
    /// Bytes of the modulus, and of signatures.
    size: usize,
    exponent: u64,
    /// -1 / modulus, modulo 2^64.
    inverse: u64,
    /// The square of 2^(bits of the words of the modulus), modulo the modulus; made when it is first needed.
    square: OnceLock<Vec<u64>>,
}

/// The smallest and largest moduli, in bytes: what is smaller is no key, what is larger is nobody's.
const SIZE_LEAST: usize = 64;
const SIZE_MOST: usize = 1024;

impl PublicKey {
    /// A key from its numbers, the most significant byte first. None for an even modulus or exponent, and for sizes that
    /// nobody uses.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
        let modulus = trimmed(modulus);
        let exponent = trimmed(exponent);
        let size = modulus.len();
        if !(SIZE_LEAST..=SIZE_MOST).contains(&size) || exponent.is_empty() || exponent.len() > 8 {
            return None;
        }
        let exponent = exponent.iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        let modulus = words(modulus, size.div_ceil(8));
        if modulus[0] & 1 == 0 || exponent & 1 == 0 || exponent < 3 {
            return None;
        }
        // Newton: each step doubles the bits that are right.
        let mut inverse = 1u64;
        for _ in 0..6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(modulus[0].wrapping_mul(inverse)));
        }
        let inverse = inverse.wrapping_neg();
        Some(PublicKey { modulus, size, exponent, inverse, square: OnceLock::new() })
    }

    /// Whether `signature` over a digest is this key's: `info` is the DER of the digest and its algorithm (PKCS #1 v1.5).
    pub fn verifies(&self, info: &[u8], signature: &[u8]) -> bool {
        let Some(filling) = self.size.checked_sub(info.len() + 3).filter(|&filling| filling >= 8) else {
            return false;
        };
        if signature.len() != self.size {
            return false;
        }
        let number = words(signature, self.modulus.len());
        if !is_less(&number, &self.modulus) {
            return false;
        }
        let mut expected = vec![0xff; self.size];
        expected[..2].copy_from_slice(&[0, 1]);
        expected[2 + filling] = 0;
        expected[3 + filling..].copy_from_slice(info);
        self.power(&number) == words(&expected, self.modulus.len())
    }

    /// `number` to the exponent, modulo the modulus.
    fn power(&self, number: &[u64]) -> Vec<u64> {
        let base = self.multiply(number, self.square.get_or_init(|| self.square_of_radix()));
        let mut power = base.clone();
        for bit in (0..63 - self.exponent.leading_zeros()).rev() {
            power = self.multiply(&power, &power);
            if self.exponent >> bit & 1 == 1 {
                power = self.multiply(&power, &base);
            }
        }
        let mut one = vec![0; self.modulus.len()];
        one[0] = 1;
        self.multiply(&power, &one)
    }

    /// The square of the radix: from twice the radix, whose power of two is doubled by squaring.
    fn square_of_radix(&self) -> Vec<u64> {
        let length = self.modulus.len();
        let bits = length * 64;
        // The highest power of two below the modulus, then doubled until it is 2 * 2^bits.
        let lead = 64 * length - self.modulus[length - 1].leading_zeros() as usize - 1;
        let mut number = vec![0; length];
        number[lead / 64] = 1 << (lead % 64);
        for _ in lead..bits + 1 {
            self.double(&mut number);
        }
        // In Montgomery's form this is 2. Bits of the wanted exponent, the highest first.
        let two = number.clone();
        for bit in (0..bits.ilog2()).rev() {
            number = self.multiply(&number, &number);
            if bits >> bit & 1 == 1 {
                number = self.multiply(&number, &two);
            }
        }
        number
    }

    /// Doubles a number below the modulus, modulo the modulus.
    fn double(&self, number: &mut [u64]) {
        let mut carry = 0;
        for word in number.iter_mut() {
            let next = *word >> 63;
            *word = *word << 1 | carry;
            carry = next;
        }
        if carry == 1 || !is_less(number, &self.modulus) {
            subtract(number, &self.modulus);
        }
    }

    /// Montgomery's product of two numbers below the modulus: their product divided by the radix.
    fn multiply(&self, left: &[u64], right: &[u64]) -> Vec<u64> {
        let length = self.modulus.len();
        let mut sum = vec![0u64; length + 2];
        for &factor in left {
            let mut carry = 0;
            for (word, &other) in sum.iter_mut().zip(right) {
                (*word, carry) = add_product(*word, factor, other, carry);
            }
            add_carry(&mut sum[length..], carry);
            let factor = sum[0].wrapping_mul(self.inverse);
            let (_, mut carry) = add_product(sum[0], factor, self.modulus[0], 0);
            for index in 1..length {
                let word;
                (word, carry) = add_product(sum[index], factor, self.modulus[index], carry);
                sum[index - 1] = word;
            }
            let (low, overflow) = sum[length].overflowing_add(carry);
            sum[length - 1] = low;
            sum[length] = sum[length + 1] + u64::from(overflow);
            sum[length + 1] = 0;
        }
        let is_over = sum[length] != 0;
        sum.truncate(length);
        if is_over || !is_less(&sum, &self.modulus) {
            subtract(&mut sum, &self.modulus);
        }
        sum
    }
}

/// `word + left * right + carry`: low and high half.
fn add_product(word: u64, left: u64, right: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(left) * u128::from(right) + u128::from(word) + u128::from(carry);
    (sum as u64, (sum >> 64) as u64)
}

fn add_carry(words: &mut [u64], carry: u64) {
    let mut carry = carry;
    for word in words {
        let overflow;
        (*word, overflow) = word.overflowing_add(carry);
        carry = u64::from(overflow);
    }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

/// Bytes, the most significant first, as `length` words, the least significant first.
fn words(bytes: &[u8], length: usize) -> Vec<u64> {
    let mut words: Vec<u64> = bytes
        .rchunks(8)
        .map(|chunk| chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)))
        .collect();
    words.resize(length, 0);
    words
}

fn is_less(left: &[u64], right: &[u64]) -> bool {
    left.iter().rev().lt(right.iter().rev())
}

/// Subtracts; what is borrowed at the end is lost.
fn subtract(number: &mut [u64], other: &[u64]) {
    let mut borrow = false;
    for (word, &other) in number.iter_mut().zip(other) {
        let (difference, first) = word.overflowing_sub(other);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        (*word, borrow) = (difference, first || second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of `bits`, with words that are all ones or zeros among them.
    fn number(seed: &mut u64, size: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < size {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let word = match *seed >> 60 {
                0 | 1 => 0,
                2 | 3 => u64::MAX,
                _ => *seed ^ *seed >> 31,
            };
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        bytes.truncate(size);
        bytes
    }

    /// The product by adding and doubling, bit by bit.
    fn slow_product(left: &[u64], right: &[u64], modulus: &[u64]) -> Vec<u64> {
        let add = |sum: &mut Vec<u64>, other: &[u64]| {
            let mut carry = 0u128;
            for (word, &other) in sum.iter_mut().zip(other) {
                carry += u128::from(*word) + u128::from(other);
                *word = carry as u64;
                carry >>= 64;
            }
            if carry == 1 || !is_less(sum, modulus) {
                subtract(sum, modulus);
            }
        };
        let mut sum = vec![0; modulus.len()];
        for bit in (0..left.len() * 64).rev() {
            let twice = sum.clone();
            add(&mut sum, &twice);
            if left[bit / 64] >> (bit % 64) & 1 == 1 {
                add(&mut sum, right);
            }
        }
        sum
    }

    #[test]
    fn powers_are_those_of_another_way() {
        let mut seed = 1;
        for size in [64, 71, 128, 129, 256] {
            for exponent in [3u64, 17, 65537] {
                let mut modulus = number(&mut seed, size);
                modulus[0] |= if exponent == 3 { 1 } else { 0x80 };
                modulus[size - 1] |= 1;
                let key = PublicKey::new(&modulus, &exponent.to_be_bytes()).unwrap();
                let mut base = words(&number(&mut seed, size), key.modulus.len());
                while !is_less(&base, &key.modulus) {
                    subtract(&mut base, &key.modulus);
                }
                let mut expected = base.clone();
                for bit in (0..exponent.ilog2()).rev() {
                    expected = slow_product(&expected, &expected, &key.modulus);
                    if exponent >> bit & 1 == 1 {
                        expected = slow_product(&expected, &base, &key.modulus);
                    }
                }
                assert_eq!(key.power(&base), expected, "{size} {exponent}");
            }
        }
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let good = [0x81; 256];
        assert!(PublicKey::new(&good, &[1, 0, 1]).is_some());
        let mut even = good;
        even[255] = 0x80;
        for (modulus, exponent) in [
            (&even[..], &[3][..]),
            (&good, &[2]),
            (&good, &[1]),
            (&good, &[]),
            (&good[..63], &[3]),
            (&good, &[1; 9]),
        ] {
            assert!(PublicKey::new(modulus, exponent).is_none(), "{exponent:?}");
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let key = PublicKey::new(&[0x81; 128], &[3]).unwrap();
        for signature in [&[0; 128][..], &[0xff; 128], &[1; 127], &[1; 129], &[]] {
            assert!(!key.verifies(b"info", signature));
        }
        assert!(!key.verifies(&[0; 120], &[0; 128]));
    }
}
