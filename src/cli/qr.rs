//! A URL as a QR code (ISO/IEC 18004) for the terminal, in half blocks: two modules per character.

use qrcode::{Color, EcLevel, QrCode};

/// The empty modules around the code that a reader needs.
const MARGIN: usize = 2;
/// Lines of the terminal that are left for the text above the code.
const TEXT_LINES: usize = 4;
/// White on black, whatever the terminal's colours are: readers need dark modules on a light background.
const COLOURS: &str = "\x1b[0;97;40m";
const RESET: &str = "\x1b[0m";

/// The drawing with a final line end; `None` if it is larger than the terminal.
pub(super) fn drawing(text: &str, columns: usize, rows: usize) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = width + 2 * MARGIN;
    if side > columns || side.div_ceil(2) + TEXT_LINES > rows {
        return None;
    }
    // outside the code is margin; below the margin is nothing
    let is_light = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < width);
        let module = inside(x).zip(inside(y)).and_then(|(x, y)| modules.get(y * width + x));
        y < side && module != Some(&Color::Dark)
    };
    let mut drawn = String::new();
    for y in (0..side).step_by(2) {
        drawn.push_str(COLOURS);
        drawn.extend((0..side).map(|x| match (is_light(x, y), is_light(x, y + 1)) {
            (true, true) => '\u{2588}',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (false, false) => ' ',
        }));
        drawn.push_str(RESET);
        drawn.push_str("\r\n");
    }
    Some(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The drawing as rows of light and dark modules.
    fn rows(drawing: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in drawing.lines() {
            let line = line.strip_prefix(COLOURS).unwrap().strip_suffix(RESET).unwrap();
            let halves = |upper: bool| {
                line.chars().map(|c| matches!((c, upper), ('\u{2588}', _) | ('\u{2580}', true) | ('\u{2584}', false))).collect()
            };
            rows.extend([halves(true), halves(false)]);
        }
        rows
    }

    #[test]
    fn the_finder_patterns_are_inside_a_light_margin() {
        let rows = rows(&drawing("https://issuer.test/device?user_code=WDJB-MJHT", 80, 40).unwrap());
        let side = rows[0].len();
        assert!(rows.len() == side || rows.len() == side + 1);
        assert!((0..side).all(|at| [0, 1, side - 1, side - 2].into_iter().all(|edge| rows[edge][at] && rows[at][edge])));
        for (x, y) in [(MARGIN, MARGIN), (side - MARGIN - 7, MARGIN), (MARGIN, side - MARGIN - 7)] {
            for (dx, dy) in (0..7).flat_map(|dx| (0..7).map(move |dy| (dx, dy))) {
                let ring = (dx as i32 - 3).abs().max((dy as i32 - 3).abs());
                assert_eq!(rows[y + dy][x + dx], ring == 2, "{x}+{dx} {y}+{dy}");
            }
        }
    }

    #[test]
    fn it_is_omitted_if_the_terminal_is_too_small() {
        assert_eq!(drawing("https://issuer.test/device?user_code=WDJB-MJHT", 30, 40), None);
        assert_eq!(drawing("https://issuer.test/device?user_code=WDJB-MJHT", 80, 15), None);
        assert_eq!(drawing(&"x".repeat(10_000), 1000, 1000), None);
    }
}
