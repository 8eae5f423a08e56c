//! A link between two machines: it carries everything, until it goes silent.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards a port of its own to another.
pub struct Link {
    pub port: u16,
    flows: watch::Sender<bool>,
}

impl Link {
    pub async fn to(target: u16) -> Link {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let flows = watch::Sender::new(true);
        let gate = flows.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let gate = gate.clone();
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", target)).await else { return };
                    let (near, far) = (near.into_split(), far.into_split());
                    let gate = Arc::new(gate);
                    tokio::join!(carry(near.0, far.1, Arc::clone(&gate)), carry(far.0, near.1, gate));
                });
            }
        });
        Link { port, flows }
    }

    /// Nothing passes any longer, and nobody is told: connections stay open.
    pub fn goes_silent(&self) {
        self.flows.send_replace(false);
    }

    pub fn speaks_again(&self) {
        self.flows.send_replace(true);
    }
}

async fn carry(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, gate: Arc<watch::Sender<bool>>) {
    let mut flows = gate.subscribe();
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if flows.wait_for(|flows| *flows).await.is_err() || to.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
}
