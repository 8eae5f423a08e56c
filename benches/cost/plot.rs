//! Curves as SVG.

use plotters::prelude::*;

/// Points in the order in which they are joined.
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Draws `all` into `file`, both axes logarithmic: what matters are ratios.
pub fn curves(file: &str, title: &str, (x, y): (&str, &str), all: &[Curve]) {
    let points = || all.iter().flat_map(|curve| &curve.points);
    let range = |values: Vec<f64>| {
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        low / 1.3..high * 1.5
    };
    let (horizontal, vertical) = (range(points().map(|point| point.0).collect()), range(points().map(|point| point.1).collect()));
    // Dark ink on a light ground of its own, so that it can be read on either kind of page.
    let root = SVGBackend::new(file, (1_130, 460)).into_drawing_area();
    root.fill(&RGBColor(252, 252, 250)).expect("a picture");
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 19))
        .margin(16)
        .margin_right(286)
        .x_label_area_size(46)
        .y_label_area_size(70)
        .build_cartesian_2d(horizontal.log_scale(), vertical.log_scale())
        .expect("axes");
    let label = |value: &f64| if *value >= 1_000.0 { crate::report::thousands(*value as u64) } else { format!("{value}") };
    chart.configure_mesh().x_desc(x).y_desc(y).x_label_formatter(&label).y_label_formatter(&label).light_line_style(TRANSPARENT).draw().expect("a mesh");
    for (n, curve) in all.iter().enumerate() {
        let style = Palette99::pick(n).stroke_width(2);
        let series = chart.draw_series(LineSeries::new(curve.points.iter().copied(), style).point_size(4)).expect("a curve");
        series.label(&curve.name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    let mut legend = chart.configure_series_labels();
    // Beside the curves: on them it would hide some.
    let legend = legend.position(SeriesLabelPosition::Coordinate(774, 0)).background_style(RGBColor(252, 252, 250)).border_style(BLACK.mix(0.3));
    legend.label_font(("sans-serif", 14)).draw().expect("a legend");
    root.present().expect("a file");
}
