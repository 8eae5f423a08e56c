//! A TCP proxy that stands for a network: it can stall without closing anything, and be slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards a port of its own to another port.
pub struct Link {
    pub port: u16,
    flows: watch::Sender<bool>,
    delay: Arc<AtomicU64>,
    target: Arc<AtomicU16>,
}

impl Link {
    pub async fn to(target: u16) -> Link {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let flows = watch::Sender::new(true);
        let delay = Arc::new(AtomicU64::new(0));
        let target = Arc::new(AtomicU16::new(target));
        let (gate, takes, leads_to) = (flows.clone(), Arc::clone(&delay), Arc::clone(&target));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let target = leads_to.load(Ordering::Relaxed);
                let (gate, takes) = (gate.clone(), Arc::clone(&takes));
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", target)).await else { return };
                    let (near, far) = (near.into_split(), far.into_split());
                    let gate = Arc::new(gate);
                    tokio::join!(carry(near.0, far.1, Arc::clone(&gate), takes), carry(far.0, near.1, gate, Arc::default()));
                });
            }
        });
        Link { port, flows, delay, target }
    }

    /// New connections go to another port.
    pub fn leads_to(&self, port: u16) {
        self.target.store(port, Ordering::Relaxed);
    }

    /// Nothing passes any longer, but connections stay open: a network partition.
    pub fn goes_silent(&self) {
        self.flows.send_replace(false);
    }

    /// Delays every request by so many milliseconds; answers are not delayed.
    pub fn slows_down(&self, by: u64) {
        self.delay.store(by, Ordering::Relaxed);
    }

    pub fn speaks_again(&self) {
        self.flows.send_replace(true);
    }
}

async fn carry(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, gate: Arc<watch::Sender<bool>>, takes: Arc<AtomicU64>) {
    let mut flows = gate.subscribe();
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        tokio::time::sleep(Duration::from_millis(takes.load(Ordering::Relaxed))).await;
        if flows.wait_for(|flows| *flows).await.is_err() || to.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
}
