//! Mouse, touch and keyboard as the system sends them, and what is around the page: the network, the size of the window.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::window::Window;

/// Between two repeats of a key that is held.
const KEY_REPEAT: Duration = Duration::from_millis(30);

/// The longest that lies between the two presses of a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(500);

impl Window {
    /// Clicks wherever that is.
    pub async fn clicks_at(&self, place: (f64, f64)) {
        self.clicks_in(place, 1).await;
    }

    async fn clicks_in(&self, (x, y): (f64, f64), count: usize) {
        for kind in ["mousePressed", "mouseReleased"] {
            let press = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": count});
            self.devtools("Input.dispatchMouseEvent", press).await;
        }
    }

    /// Presses the mouse twice in one place, `pause` apart. Returns whether it was one double click: on a busy machine the second press may come
    /// too late for that.
    pub async fn double_clicks(&self, place: (f64, f64), pause: Duration) -> bool {
        let begun = Instant::now();
        self.clicks_in(place, 1).await;
        sleep(pause).await;
        self.clicks_in(place, 2).await;
        begun.elapsed() < DOUBLE_CLICK
    }

    /// Taps twice in one place, `pause` apart. Returns whether the second came in time, as in [`Window::double_clicks`].
    pub async fn double_taps(&self, place: (f64, f64), pause: Duration) -> bool {
        let begun = Instant::now();
        self.taps_at(place).await;
        sleep(pause).await;
        self.taps_at(place).await;
        begun.elapsed() < DOUBLE_CLICK
    }

    async fn taps_at(&self, (x, y): (f64, f64)) {
        self.devtools("Input.dispatchTouchEvent", json!({"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})).await;
        self.devtools("Input.dispatchTouchEvent", json!({"type": "touchEnd", "touchPoints": []})).await;
    }

    /// Holds a key down until it has been repeated so many times, as keyboards do it.
    pub async fn holds(&self, key: &str, repeats: usize) {
        let event = |kind: &str, repeated: bool| json!({"type": kind, "key": key, "code": key, "text": if key == "Enter" { "\r" } else { "" }, "windowsVirtualKeyCode": if key == "Enter" { 13 } else { 27 }, "autoRepeat": repeated});
        self.devtools("Input.dispatchKeyEvent", event("keyDown", false)).await;
        for _ in 0..repeats {
            sleep(KEY_REPEAT).await;
            self.devtools("Input.dispatchKeyEvent", event("keyDown", true)).await;
        }
        self.devtools("Input.dispatchKeyEvent", event("keyUp", false)).await;
    }

    /// Every answer takes so many milliseconds more.
    pub async fn is_on_a_slow_line(&self, latency: u32) {
        self.devtools("Network.enable", json!({})).await;
        let slow = json!({"offline": false, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.emulateNetworkConditions", slow).await;
    }

    pub async fn has_a_window_of(&self, width: u32, height: u32) {
        self.devtools("Emulation.setDeviceMetricsOverride", json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})).await;
    }
}
