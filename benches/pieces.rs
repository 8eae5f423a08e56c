//! The inner pieces of an unchanged poll, each by itself.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use tidings::ids::UserId;
use tidings::last_update::Stamps;
use tidings::metrics::{Metrics, Outcome};
use tidings::token::{Signer, Token};

fn pieces(criterion: &mut Criterion) {
    let signer = Signer::new(&[7; 32]).unwrap();
    let sealed = signer.seal(&Token::fresh(UserId(42), 1_000).unwrap());
    criterion.bench_function("signature of a cookie checked", |bencher| bencher.iter(|| signer.open(black_box(sealed.as_bytes()))));
    let metrics = Arc::new(Metrics::new().unwrap());
    for people in [1_000, 1_000_000] {
        let (bell, _ear) = sync_channel(1);
        let stamps = Stamps::start(4_000_000, None, &metrics, &bell).unwrap();
        for user in (0..people).map(UserId) {
            stamps.keep(stamps.open(user), 1);
        }
        let mut user = 0;
        criterion.bench_function(&format!("a stamp remembered, of {people}"), |bencher| {
            bencher.iter(|| {
                user = (user + 7_919) % people;
                stamps.known(black_box(UserId(user)))
            })
        });
    }
    criterion.bench_function("a poll counted and timed", |bencher| bencher.iter(|| metrics.polled(Outcome::Unchanged, Instant::now())));
}

criterion_group!(benches, pieces);
criterion_main!(benches);
