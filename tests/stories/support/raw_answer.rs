//! A response as it was on the wire: compressed, if it was.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;

pub struct RawAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl RawAnswer {
    pub async fn to(request: RequestBuilder) -> RawAnswer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        RawAnswer { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    /// All values of a header, in lower case; "" if it is missing.
    pub fn header(&self, name: &str) -> String {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(", ").to_lowercase()
    }

    /// The bytes decompressed.
    pub fn unpacked(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        GzDecoder::new(self.bytes.as_slice()).read_to_end(&mut plain).unwrap();
        plain
    }
}
