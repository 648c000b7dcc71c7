//! What a picture looks like: decoded within limits, as a perceptual hash, and as a grey page to be read.
//!
//! Everything here is pure and costs processor time, so callers run it off the threads that serve. The bytes are
//! a stranger's: nothing outside this file ever decodes them, and what is read for words is our own grey copy.

use std::io::Cursor;

use image::imageops::thumbnail;
use image::{DynamicImage, GrayImage, ImageError, ImageReader, Limits};
use image_hasher::{HashAlg, HasherConfig};

/// Pixels of a picture at most: a long screenshot has some 20 million.
const PIXELS_MAX: u64 = 24_000_000;

/// Memory that decoding one may take.
const DECODE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Pixels of the page that is read for words. Screenshots are smaller; photographs say nothing more above it.
const PAGE_PIXELS_MAX: u64 = 8_000_000;

/// The picture is hashed from so many points a side, however large it is.
const HASHED_SIDE: u32 = 128;

/// A picture whose brightness varies less (standard deviation, of 255) is even: blank, black, a plain colour.
/// Its hash would be noise, and alike to that of every other such picture.
const EVEN_BELOW: f64 = 6.0;

/// Why a picture cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// No kind of picture that is known here.
    #[error("the file is no picture")]
    NoPicture,
    /// More pixels than are decoded.
    #[error("the picture is too large to be decoded")]
    TooLarge,
    /// It begins like a picture and does not go on like one.
    #[error("the picture is broken: {0}")]
    Broken(String),
}

impl PictureError {
    /// For officers.
    #[must_use]
    pub const fn zh(&self) -> &'static str {
        match self {
            Self::Empty => "微信给出的文件是空的",
            Self::NoPicture => "微信给出的不是图片，可能是网关的错误页面",
            Self::TooLarge => "图片的像素太多，没有解码",
            Self::Broken(_) => "图片已损坏，无法解码",
        }
    }
}

/// What a picture looks like.
#[derive(Debug)]
pub struct Look {
    /// In alike pictures few of these 64 bits differ; `None` for an even picture.
    pub hash: Option<[u8; 8]>,
    /// The picture in grey, to be read for words.
    pub page: Page,
}

/// Grey pixels, row by row.
#[derive(Debug)]
pub struct Page {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

/// Decodes and looks.
///
/// # Errors
/// When the bytes are no picture, a broken one, or one beyond the limits.
pub fn look_at(bytes: &[u8]) -> Result<Look, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    let grey = decode(bytes)?.into_luma8();
    let small = thumbnail(&grey, HASHED_SIDE, HASHED_SIDE);
    let hash = (deviation(&small) >= EVEN_BELOW).then(|| perceptual_hash(&small));
    Ok(Look { hash, page: page(grey) })
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    let reader = || {
        ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .ok()
            .filter(|reader| reader.format().is_some())
            .ok_or(PictureError::NoPicture)
    };
    // The header says how large it will be, before anything is decoded.
    let (width, height) = reader()?.into_dimensions().map_err(failed)?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(PictureError::TooLarge);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    let mut reader = reader()?;
    reader.limits(limits);
    reader.decode().map_err(failed)
}

fn failed(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::TooLarge,
        ImageError::Unsupported(_) => PictureError::NoPicture,
        broken => PictureError::Broken(broken.to_string()),
    }
}

fn deviation(small: &GrayImage) -> f64 {
    let pixels = small.as_raw();
    let count = pixels.len().max(1) as f64;
    let mean = pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / count;
    let squares: f64 = pixels.iter().map(|&pixel| (f64::from(pixel) - mean).powi(2)).sum();
    (squares / count).sqrt()
}

/// Low frequencies of the cosine transform against their median: survives scaling, re-encoding and a change of
/// brightness, and is what "pHash" usually means.
fn perceptual_hash(small: &GrayImage) -> [u8; 8] {
    HasherConfig::with_bytes_type::<[u8; 8]>()
        .hash_size(8, 8)
        .hash_alg(HashAlg::Median)
        .preproc_dct()
        .to_hasher()
        .hash_image(small)
        .into_inner()
}

fn page(grey: GrayImage) -> Page {
    let (width, height) = grey.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let grey = if pixels > PAGE_PIXELS_MAX {
        let scale = (PAGE_PIXELS_MAX as f64 / pixels as f64).sqrt();
        let scaled = |side: u32| ((f64::from(side) * scale) as u32).max(1);
        thumbnail(&grey, scaled(width), scaled(height))
    } else {
        grey
    };
    Page { width: grey.width(), height: grey.height(), pixels: grey.into_raw() }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ImageFormat, Luma};

    use super::*;

    const SCREENSHOT: &[u8] = include_bytes!("../tests/fixtures/earthquake.png");
    const ANOTHER: &[u8] = include_bytes!("../tests/fixtures/melons.png");

    fn hash(bytes: &[u8]) -> [u8; 8] {
        look_at(bytes).unwrap().hash.unwrap()
    }

    fn distance(ours: [u8; 8], theirs: [u8; 8]) -> u32 {
        (u64::from_be_bytes(ours) ^ u64::from_be_bytes(theirs)).count_ones()
    }

    fn as_jpeg(picture: &DynamicImage, quality: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality)).unwrap();
        bytes
    }

    #[test]
    fn a_picture_forwarded_again_and_again_stays_alike_and_another_is_not() {
        let picture = image::load_from_memory(SCREENSHOT).unwrap();
        let filter = image::imageops::FilterType::Triangle;
        for again in [
            as_jpeg(&picture, 85),
            as_jpeg(&picture, 30),
            as_jpeg(&picture.resize(picture.width() / 2, u32::MAX, filter), 60),
            as_jpeg(&picture.resize(picture.width() * 3 / 2, u32::MAX, filter), 75),
            as_jpeg(&picture.brighten(12), 75),
        ] {
            assert!(distance(hash(SCREENSHOT), hash(&again)) <= 4);
        }
        assert!(distance(hash(SCREENSHOT), hash(ANOTHER)) > 12);
    }

    /// A poster as offices draw them: a frame, a logo, a headline band, and lines of text where the caption stands.
    fn poster(caption: &[(u32, u32)]) -> DynamicImage {
        let mut poster = GrayImage::from_fn(900, 1200, |x, y| {
            let frame = !(40..860).contains(&x) || !(40..1160).contains(&y);
            let logo = (x.abs_diff(160)).pow(2) + (y.abs_diff(150)).pow(2) < 70 * 70;
            let band = (260..420).contains(&y);
            Luma([if frame || logo {
                30
            } else if band {
                90
            } else {
                235
            }])
        });
        // Strokes of characters, too small to change what a picture looks like from afar.
        for &(x, y) in caption {
            for (across, down) in (0..18).flat_map(|across| (0..3).map(move |down| (across, down))) {
                poster.put_pixel(x + across, y + down, Luma([60]));
            }
        }
        DynamicImage::ImageLuma8(poster)
    }

    #[test]
    fn two_captions_on_one_template_look_alike_to_a_hash_and_are_two_files() {
        let strokes =
            |step: u32| (0..24).map(|at| (200 + at * step % 480, 640 + at / 8 * 40)).collect::<Vec<_>>();
        let flood = as_jpeg(&poster(&strokes(61)), 85);
        let lunch = as_jpeg(&poster(&strokes(37)), 85);
        assert!(distance(hash(&flood), hash(&lunch)) <= 6, "nothing but the words can tell them apart");
        assert_ne!(flood, lunch);
    }

    #[test]
    fn an_even_picture_has_no_hash() {
        for shade in [0, 128, 255] {
            let even = DynamicImage::ImageLuma8(GrayImage::from_pixel(300, 500, Luma([shade])));
            assert_eq!(look_at(&as_jpeg(&even, 40)).unwrap().hash, None);
        }
    }

    #[test]
    fn what_is_no_picture_or_a_broken_one_says_so() {
        let said = |bytes: &[u8]| look_at(bytes).unwrap_err();
        assert_eq!(said(b""), PictureError::Empty);
        assert_eq!(said(b"<html><body>502 Bad Gateway</body></html>"), PictureError::NoPicture);
        assert_eq!(said(b"#!AMR\n\x3c\x91"), PictureError::NoPicture);
        assert!(matches!(said(&SCREENSHOT[..SCREENSHOT.len() / 2]), PictureError::Broken(_)));
        assert!(matches!(said(&SCREENSHOT[..20]), PictureError::Broken(_)));
    }

    #[test]
    fn a_small_file_that_unfolds_to_a_huge_picture_is_not_unfolded() {
        let mut bytes = Vec::new();
        let huge = GrayImage::from_pixel(6000, 6000, Luma([255]));
        huge.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        assert!(bytes.len() < 200_000, "{}", bytes.len());
        assert_eq!(look_at(&bytes).unwrap_err(), PictureError::TooLarge);
    }

    #[test]
    fn a_large_photograph_is_read_from_a_smaller_page() {
        let large = GrayImage::from_fn(4000, 5000, |x, y| Luma([(x ^ y) as u8]));
        let page = page(large);
        assert!(u64::from(page.width) * u64::from(page.height) <= PAGE_PIXELS_MAX);
        assert_eq!(page.pixels.len(), (page.width * page.height) as usize);
    }
}
