//! A browser window with one tab or several: what a person can do and see in it.

use std::path::PathBuf;

use base64_simd::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::prelude::*;
use thirtyfour::{BrowserLogEntry, RequestData, SessionId};

use crate::chromium::{Chromium, Options};

use crate::patience::eventually;

/// One window.
pub struct Window {
    chromium: Chromium,
    site: String,
}

/// One of its tabs.
pub struct Tab(WindowHandle);

/// A command of the DevTools protocol, which WebDriver has no command for.
#[derive(Debug)]
struct DevTools<'a>(&'a str, Value);

impl FormatRequestData for DevTools<'_> {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let DevTools(command, params) = self;
        RequestData::new(Method::POST, format!("session/{session}/goog/cdp/execute")).add_body(json!({"cmd": command, "params": params}))
    }
}

impl Window {
    /// A fresh browser; paths are those of `site`.
    pub async fn open(site: &str, options: &Options) -> Window {
        Window { chromium: Chromium::start(options).await, site: site.to_owned() }
    }

    fn driver(&self) -> &WebDriver {
        &self.chromium.driver
    }

    // Navigation

    pub async fn goes_to(&self, path: &str) {
        self.driver().goto(format!("{}{path}", self.site)).await.unwrap();
    }

    pub async fn reloads(&self) {
        self.driver().refresh().await.unwrap();
    }

    pub async fn arrives_at(&self, path: &str) {
        let wanted = format!("{}{path}", self.site);
        eventually(&format!("arriving at {path}"), async || match self.driver().current_url().await {
            Ok(url) if url.as_str().split('#').next() == Some(&wanted) => Ok(()),
            elsewhere => Err(format!("{elsewhere:?}")),
        })
        .await;
    }

    pub async fn tab(&self) -> Tab {
        Tab(self.driver().window().await.unwrap())
    }

    /// Opens another tab and looks at it.
    pub async fn opens_tab(&self, path: &str) -> Tab {
        let tab = Tab(self.driver().new_tab().await.unwrap());
        self.looks_at(&tab).await;
        self.goes_to(path).await;
        tab
    }

    pub async fn looks_at(&self, tab: &Tab) {
        self.driver().switch_to_window(tab.0.clone()).await.unwrap();
    }

    // Mouse and keyboard

    /// Presses the button with this accessible name.
    pub async fn presses(&self, name: &str) {
        let button = By::XPath(format!("//button[normalize-space(.)='{name}']"));
        self.clicks(button).await;
    }

    pub async fn clicks(&self, by: By) {
        eventually(&format!("a click on {by:?}"), async || {
            let element = self.driver().find(by.clone()).await.map_err(|cause| cause.to_string())?;
            element.click().await.map_err(|cause| cause.to_string())
        })
        .await;
    }

    pub async fn opens_menu(&self) {
        self.clicks(By::Css(".menu-button")).await;
    }

    /// Types into the field with this id, in the place of what was there.
    pub async fn types(&self, field: &str, text: &str) {
        let field = self.driver().find(By::Id(field)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// The middle of the element with this id, in the window.
    pub async fn middle_of(&self, id: &str) -> (f64, f64) {
        let script = format!("const box = document.getElementById('{id}').getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]");
        serde_json::from_value(self.runs(&script).await).unwrap()
    }

    /// The middle of the first element that this finds, in the window. It needs no script.
    pub async fn place_of(&self, css: &str) -> (f64, f64) {
        let element = self.driver().find(By::Css(css)).await.unwrap();
        element.scroll_into_view().await.unwrap();
        let area = element.rect().await.unwrap();
        (area.x + area.width / 2.0, area.y + area.height / 2.0)
    }

    /// Waits until what has just come can be pressed. It needs no script.
    pub async fn waits_for_the_guard(&self) {
        eventually("an end of the guard", async || {
            for css in [".guard", "main form[method=post] button"] {
                for found in self.driver().find_all(By::Css(css)).await.map_err(|cause| cause.to_string())? {
                    let property = if css == ".guard" { "visibility" } else { "pointer-events" };
                    let value = found.css_value(property).await.map_err(|cause| cause.to_string())?;
                    if value == "visible" || value == "none" {
                        return Err(format!("{css} has {property}: {value}"));
                    }
                }
            }
            Ok(())
        })
        .await;
    }

    // What is shown

    pub async fn sees(&self, words: &str) {
        eventually(&format!("seeing {words:?}"), async || self.text("body").await.and_then(|text| if text.contains(words) { Ok(()) } else { Err(text) })).await;
    }

    pub async fn no_longer_sees(&self, words: &str) {
        eventually(&format!("seeing {words:?} no longer"), async || {
            self.text("body").await.and_then(|text| if text.contains(words) { Err(text) } else { Ok(()) })
        })
        .await;
    }

    /// Waits until an element is shown, or is not. It needs no script.
    pub async fn shows(&self, css: &str, shown: bool) {
        eventually(&format!("{css} shown: {shown}"), async || match self.driver().find(By::Css(css)).await.unwrap().is_displayed().await {
            Ok(is) if is == shown => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }

    /// The number on the badge; "" when there is none.
    pub async fn sees_badge(&self, number: &str) {
        eventually(&format!("the badge {number:?}"), async || match self.driver().find_all(By::Css("#badge .badge")).await {
            Ok(badges) if badges.is_empty() && number.is_empty() => Ok(()),
            Ok(badges) if badges.is_empty() => Err("no badge".to_owned()),
            Ok(badges) => match badges[0].text().await {
                Ok(text) if text == number => Ok(()),
                other => Err(format!("{other:?}")),
            },
            Err(cause) => Err(cause.to_string()),
        })
        .await;
    }

    pub async fn sees_title(&self, title: &str) {
        eventually(&format!("the title {title:?}"), async || match self.driver().title().await {
            Ok(now) if now == title => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }

    /// Text with white space folded.
    pub async fn text(&self, css: &str) -> Result<String, String> {
        let element = self.driver().find(By::Css(css)).await.map_err(|cause| cause.to_string())?;
        let text = element.text().await.map_err(|cause| cause.to_string())?;
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    pub async fn how_many(&self, css: &str) -> usize {
        self.driver().find_all(By::Css(css)).await.unwrap().len()
    }

    pub async fn attribute(&self, css: &str, name: &str) -> String {
        self.driver().find(By::Css(css)).await.unwrap().attr(name).await.unwrap().unwrap_or_default()
    }

    // Scripts and DevTools. WebDriver's scripts are not subject to the page's CSP.

    /// What a script returns.
    pub async fn runs(&self, script: &str) -> Value {
        self.driver().execute(script, Vec::new()).await.unwrap_or_else(|cause| panic!("{script}: {cause}")).json().clone()
    }

    /// What a script that says when it is done hands to its callback, `arguments[0]`.
    pub async fn runs_async(&self, script: &str) -> Value {
        self.driver().execute_async(script, Vec::new()).await.unwrap_or_else(|cause| panic!("{cause}")).json().clone()
    }

    /// Waits until an expression has this value.
    pub async fn becomes(&self, expression: &str, wanted: impl Into<Value>) {
        let (script, wanted) = (format!("return {expression}"), wanted.into());
        eventually(&format!("{expression} = {wanted}"), async || match self.driver().execute(script.as_str(), Vec::new()).await {
            Ok(value) if *value.json() == wanted => Ok(()),
            Ok(value) => Err(value.json().to_string()),
            Err(cause) => Err(cause.to_string()),
        })
        .await;
    }

    /// From now on the page can be told from one that was loaded anew.
    pub async fn marks_the_page(&self) {
        self.runs("window.__mark = 1").await;
    }

    pub async fn is_still_on_the_marked_page(&self) {
        assert_eq!(self.runs("return window.__mark ?? null").await, 1, "the page was loaded anew");
    }

    /// The whole page as a PNG, in the folder that TIDINGS_SHOTS names.
    pub async fn saves_a_screenshot(&self, name: &str) {
        let Some(folder) = std::env::var_os("TIDINGS_SHOTS").map(PathBuf::from) else { return };
        let shot = self.devtools("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true})).await;
        let png = STANDARD.decode_to_vec(shot["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
    }

    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        let answer = self.driver().cmd(DevTools(command, params)).await;
        answer.unwrap_or_else(|cause| panic!("{command}: {cause}")).value_json().unwrap()
    }

    /// What the console has said since it was asked last.
    pub async fn console(&self) -> Vec<BrowserLogEntry> {
        self.driver().browser_log().await.unwrap()
    }
}
