//! The inner pieces of an unchanged poll, each by itself.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tidings::ids::UserId;
use tidings::recent::Recent;
use tidings::token::{Signer, Token};

fn pieces(criterion: &mut Criterion) {
    let signer = Signer::new(&[7; 32]).unwrap();
    let sealed = signer.seal(&Token::fresh(UserId(42), 1_000).unwrap());
    criterion.bench_function("signature of a cookie checked", |bencher| bencher.iter(|| signer.open(black_box(sealed.as_bytes()))));
    for people in [1_000, 1_000_000] {
        let mut memory = Recent::new(4_000_000);
        for user in 0..people {
            memory.insert(UserId(user), (user, 1_u64));
        }
        let mut user = 0;
        criterion.bench_function(&format!("a stamp remembered, of {people}"), |bencher| {
            bencher.iter(|| {
                user = (user + 7_919) % people;
                memory.get(black_box(&UserId(user)))
            })
        });
    }
    let metrics = tidings::metrics::Metrics::new().unwrap();
    criterion
        .bench_function("a poll counted and timed", |bencher| bencher.iter(|| metrics.polled(tidings::metrics::Outcome::Unchanged, std::time::Instant::now())));
}

criterion_group!(benches, pieces);
criterion_main!(benches);
