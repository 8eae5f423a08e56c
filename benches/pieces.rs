//! The inner pieces of an unchanged poll, each by itself.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use tidings::auth::session_token::{SessionToken, Signer};
use tidings::ids::UserId;
use tidings::metrics::{Metrics, PollOutcome};
use tidings::stamps::StampCache;

fn pieces(criterion: &mut Criterion) {
    let signer = Signer::new(&[7; 32]).unwrap();
    let signed = signer.sign(&SessionToken::fresh(UserId(42), 1_000).unwrap());
    criterion.bench_function("signature of a cookie checked", |bencher| bencher.iter(|| signer.verify(black_box(signed.as_bytes()))));
    let metrics = Metrics::new().unwrap();
    for people in [1_000, 1_000_000] {
        let stamps = StampCache::in_memory(4_000_000);
        for user in (0..people).map(UserId) {
            stamps.keep(stamps.open_window(user), 1);
        }
        let mut user = 0;
        criterion.bench_function(&format!("a stamp remembered, of {people}"), |bencher| {
            bencher.iter(|| {
                user = (user + 7_919) % people;
                stamps.known(black_box(UserId(user)))
            })
        });
    }
    criterion.bench_function("a poll counted and timed", |bencher| bencher.iter(|| metrics.polled(PollOutcome::Unchanged, Instant::now())));
}

criterion_group!(benches, pieces);
criterion_main!(benches);
