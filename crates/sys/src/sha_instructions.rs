//! sha_instructions — the processor's instructions for SHA-1 and SHA-256, where it has them.
//!
//! Source: Intel SDM volume 2, SHA1RNDS4, SHA1NEXTE, SHA1MSG1, SHA256RNDS2, SHA256MSG1 and those beside, CPUID.

/// The constants of SHA-256's rounds (FIPS 180-4, 4.2.2).
pub type Constants = [u32; 64];

/// Takes one block into `state` by the processor's instructions. False: it has none, and nothing was done.
#[inline]
pub fn sha256(state: &mut [u32; 8], block: &[u8; 64], constants: &Constants) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        let known = x86_64::known();
        if known {
            // SAFETY: `known` says that the processor has every instruction that the function is compiled for.
            unsafe { x86_64::sha256(state, block, constants) };
        }
        known
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (state, block, constants);
        false
    }
}

/// The same for SHA-1.
#[inline]
pub fn sha1(state: &mut [u32; 5], block: &[u8; 64]) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        let known = x86_64::known();
        if known {
            // SAFETY: `known` says that the processor has every instruction that the function is compiled for.
            unsafe { x86_64::sha1(state, block) };
        }
        known
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (state, block);
        false
    }
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Constants;

    const SSE41_AND_SSSE3: u32 = 1 << 19 | 1 << 9;
    const SHA: u32 = 1 << 29;

    /// Whether the processor has the instructions. Asked once: CPUID takes hundreds of cycles.
    pub(super) fn known() -> bool {
        static KNOWN: AtomicU8 = AtomicU8::new(0);
        match KNOWN.load(Ordering::Relaxed) {
            0 => {
                let known = __cpuid(0).eax >= 7
                    && __cpuid(1).ecx & SSE41_AND_SSSE3 == SSE41_AND_SSSE3
                    && __cpuid_count(7, 0).ebx & SHA != 0;
                KNOWN.store(1 + u8::from(known), Ordering::Relaxed);
                known
            }
            known => known == 2,
        }
    }

    /// One block. The instructions keep the state as ABEF and CDGH, and do two rounds each.
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    pub(super) fn sha256(state: &mut [u32; 8], block: &[u8; 64], constants: &Constants) {
        let words =
            |words: &[u32]| _mm_set_epi32(words[3] as i32, words[2] as i32, words[1] as i32, words[0] as i32);
        let dcba = _mm_shuffle_epi32::<0xb1>(words(&state[..4]));
        let hgfe = _mm_shuffle_epi32::<0x1b>(words(&state[4..]));
        let mut abef = _mm_alignr_epi8::<8>(dcba, hgfe);
        let mut cdgh = _mm_blend_epi16::<0xf0>(hgfe, dcba);
        let before = (abef, cdgh);
        let order = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        let [mut a, mut b, mut c, mut d] = ordered(block, order);
        for four in constants.chunks_exact(4) {
            let sum = _mm_add_epi32(a, words(four));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32::<0x0e>(sum));
            // The last four of these are of no use; leaving them out would cost more than they do.
            let mixed = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8::<4>(d, c));
            (a, b, c, d) = (b, c, d, _mm_sha256msg2_epu32(mixed, d));
        }
        abef = _mm_add_epi32(abef, before.0);
        cdgh = _mm_add_epi32(cdgh, before.1);
        let feba = _mm_shuffle_epi32::<0x1b>(abef);
        let dchg = _mm_shuffle_epi32::<0xb1>(cdgh);
        let abcd = _mm_blend_epi16::<0xf0>(feba, dchg);
        let efgh = _mm_alignr_epi8::<8>(dchg, feba);
        for (place, four) in [(0, abcd), (4, efgh)] {
            state[place] = _mm_extract_epi32::<0>(four) as u32;
            state[place + 1] = _mm_extract_epi32::<1>(four) as u32;
            state[place + 2] = _mm_extract_epi32::<2>(four) as u32;
            state[place + 3] = _mm_extract_epi32::<3>(four) as u32;
        }
    }

    /// The sixteen words of a block, four in each, their bytes in `order`.
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn ordered(block: &[u8; 64], order: __m128i) -> [__m128i; 4] {
        let mut words = [_mm_setzero_si128(); 4];
        for (four, bytes) in words.iter_mut().zip(block.chunks_exact(16)) {
            let half = |bytes: &[u8]| bytes.try_into().map_or(0, i64::from_le_bytes);
            *four = _mm_shuffle_epi8(_mm_set_epi64x(half(&bytes[8..]), half(&bytes[..8])), order);
        }
        words
    }

    /// What goes through the rounds of SHA-1.
    struct Rounds {
        abcd: __m128i,
        /// `abcd` as it was four rounds ago: its A, turned, is now E.
        before: __m128i,
        /// The next sixteen words.
        words: [__m128i; 4],
    }

    impl Rounds {
        /// Twenty rounds of the same function and constant.
        #[target_feature(enable = "sha,sse4.1,ssse3")]
        fn twenty<const FUNCTION: i32>(&mut self) {
            for _ in 0..5 {
                let [a, b, c, d] = self.words;
                let sum = _mm_sha1nexte_epu32(self.before, a);
                self.before = self.abcd;
                self.abcd = _mm_sha1rnds4_epu32::<FUNCTION>(self.abcd, sum);
                let mixed = _mm_xor_si128(_mm_sha1msg1_epu32(a, b), c);
                self.words = [b, c, d, _mm_sha1msg2_epu32(mixed, d)];
            }
        }
    }

    /// One block.
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    pub(super) fn sha1(state: &mut [u32; 5], block: &[u8; 64]) {
        let [a, b, c, d, e] = state.map(|word| word as i32);
        let start = _mm_set_epi32(a, b, c, d);
        // Turned back by what SHA1NEXTE will turn it.
        let before = _mm_set_epi32(e.rotate_right(30), 0, 0, 0);
        let order = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
        let mut rounds = Rounds { abcd: start, before, words: ordered(block, order) };
        rounds.twenty::<0>();
        rounds.twenty::<1>();
        rounds.twenty::<2>();
        rounds.twenty::<3>();
        let abcd = _mm_add_epi32(rounds.abcd, start);
        let e = _mm_sha1nexte_epu32(rounds.before, _mm_set_epi32(e, 0, 0, 0));
        state[0] = _mm_extract_epi32::<3>(abcd) as u32;
        state[1] = _mm_extract_epi32::<2>(abcd) as u32;
        state[2] = _mm_extract_epi32::<1>(abcd) as u32;
        state[3] = _mm_extract_epi32::<0>(abcd) as u32;
        state[4] = _mm_extract_epi32::<3>(e) as u32;
    }
}
