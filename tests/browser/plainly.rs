//! Plain http under a name that is not localhost. There browsers say nothing in `Sec-Fetch-Site`, so that all rests
//! on `Origin`, which they send as "null" from pages that forbid referrers.

use tokio::join;

use crate::chromium::Options;
use crate::person::Person;
use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn forms_work_over_plain_http() {
    let town = Town::new().await;
    let site = town.site.url.replace("127.0.0.1", "tidings.test");
    assert!(site.starts_with("http://tidings.test:"), "{site}");
    let options = Options { flags: vec!["--host-resolver-rules=MAP tidings.test 127.0.0.1"], ..Options::default() };
    let (ada, ()) = join!(Person::stranger("ada", &site, &options), town.knows("bob"));

    ada.signs_up().await;
    assert_eq!(ada.runs("return window.isSecureContext").await, false);
    ada.follows("bob").await;
    ada.opens_menu().await;
    ada.presses("Sign out").await;
    ada.arrives_at("/").await;
    ada.sees("Hear about it.").await;
    ada.signs_in().await;
    ada.goes_to("/people/bob").await;
    ada.sees("1 follower").await;
}
