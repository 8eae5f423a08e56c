//! The load: one thread, one poller, many kept connections. It can press as hard as answers come back (closed loop), or
//! send at set times whatever the server does (open loop), and then latency counts from the moment at which a request was
//! meant to leave: a server that stalls is charged for everybody whom it kept waiting.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// What came back.
pub struct Answer<'a> {
    /// What [`Herd::send`] was told to remember.
    pub tag: u64,
    /// From the moment at which the request was meant to leave.
    pub took: Duration,
    pub status: u16,
    pub body: &'a [u8],
}

struct Connection {
    stream: TcpStream,
    unsent: Vec<u8>,
    /// An answer of which only a part is there.
    partial: Vec<u8>,
    waiting: VecDeque<(u64, Instant)>,
    watched: Interest,
}

/// Kept connections to one server.
pub struct Herd {
    port: u16,
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    scratch: Vec<u8>,
    outstanding: usize,
}

impl Herd {
    /// Opens `number` connections to `port` of this machine, and asks `hello` over each: a connection on which nobody speaks
    /// is given up after some seconds.
    pub fn connect(port: u16, number: usize, hello: &[u8]) -> io::Result<Herd> {
        let mut herd = Herd {
            port,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            connections: Vec::with_capacity(number),
            scratch: vec![0; 256 * 1024],
            outstanding: 0,
        };
        for which in 0..number {
            let stream = herd.open(which)?;
            herd.connections.push(Connection { stream, unsent: Vec::new(), partial: Vec::new(), waiting: VecDeque::new(), watched: Interest::READABLE });
            herd.send(which, hello, 0, Instant::now())?;
            // Not each by itself: the first must not be idle for too long until the last is there.
            while herd.outstanding() > 200 || (which + 1 == number && herd.outstanding() > 0) {
                herd.receive(Duration::from_millis(100), |_, _| {})?;
            }
        }
        Ok(herd)
    }

    fn open(&self, which: usize) -> io::Result<TcpStream> {
        let stream = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(which), Interest::READABLE)?;
        Ok(stream)
    }

    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Requests that are not answered yet.
    pub fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Sends `request` over connection `which`, behind whatever is under way on it.
    pub fn send(&mut self, which: usize, request: &[u8], tag: u64, meant: Instant) -> io::Result<()> {
        let connection = &mut self.connections[which];
        connection.waiting.push_back((tag, meant));
        self.outstanding += 1;
        let mut sent = 0;
        if connection.unsent.is_empty() {
            sent = match connection.stream.write(request) {
                Ok(sent) => sent,
                Err(full) if full.kind() == ErrorKind::WouldBlock => 0,
                Err(broken) => return Err(broken),
            };
        }
        connection.unsent.extend_from_slice(&request[sent..]);
        self.watch(which)
    }

    fn watch(&mut self, which: usize) -> io::Result<()> {
        let connection = &mut self.connections[which];
        let wanted = if connection.unsent.is_empty() { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE };
        if wanted != connection.watched {
            connection.watched = wanted;
            self.poll.registry().reregister(&mut connection.stream, Token(which), wanted)?;
        }
        Ok(())
    }

    /// Hands over the answers that are there, waiting for the first for at most `patience`. `heard` gets the number of the
    /// connection as well.
    pub fn receive(&mut self, patience: Duration, mut heard: impl FnMut(usize, Answer<'_>)) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(patience))?;
        let ready: Vec<(usize, bool, bool)> = self.events.iter().map(|event| (event.token().0, event.is_readable(), event.is_writable())).collect();
        for (which, readable, writable) in ready {
            if writable && !self.connections[which].unsent.is_empty() {
                self.flush(which)?;
            }
            if readable && !self.read(which, &mut heard)? {
                // Closed for having been idle, as kept connections are: a browser opens another.
                self.connections[which].stream = self.open(which)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, which: usize) -> io::Result<()> {
        let connection = &mut self.connections[which];
        match connection.stream.write(&connection.unsent) {
            Ok(sent) => drop(connection.unsent.drain(..sent)),
            Err(full) if full.kind() == ErrorKind::WouldBlock => {}
            Err(broken) => return Err(broken),
        }
        self.watch(which)
    }

    /// Whether the connection is still there.
    fn read(&mut self, which: usize, heard: &mut impl FnMut(usize, Answer<'_>)) -> io::Result<bool> {
        let connection = &mut self.connections[which];
        loop {
            let got = match connection.stream.read(&mut self.scratch) {
                Ok(0) if connection.waiting.is_empty() => return Ok(false),
                Ok(0) => {
                    let (waiting, oldest) = (connection.waiting.len(), connection.waiting.front().map(|(_, meant)| meant.elapsed()));
                    let why = format!("the server hung up, with {waiting} questions open on the connection, the oldest for {oldest:?}");
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, why));
                }
                Ok(got) => got,
                Err(empty) if empty.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(broken) => return Err(broken),
            };
            let now = Instant::now();
            let whole;
            let mut bytes: &[u8] = &self.scratch[..got];
            if !connection.partial.is_empty() {
                connection.partial.extend_from_slice(bytes);
                whole = std::mem::take(&mut connection.partial);
                bytes = &whole;
            }
            while let Some((status, body, length)) = parse(bytes) {
                let (tag, meant) = connection.waiting.pop_front().expect("an answer to a question");
                self.outstanding -= 1;
                heard(which, Answer { tag, took: now.duration_since(meant), status, body });
                bytes = &bytes[length..];
            }
            connection.partial.extend_from_slice(bytes);
            // What did not fill the buffer was all there is.
            if got < self.scratch.len() {
                return Ok(true);
            }
        }
    }
}

/// Status, body and length of the answer at the beginning of `bytes`; `None` if it is not all there.
fn parse(bytes: &[u8]) -> Option<(u16, &[u8], usize)> {
    let head = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
    let status = std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()?;
    let length = if status == 204 || status == 304 { 0 } else { content_length(&bytes[..head]) };
    let body = bytes.get(head..head + length)?;
    Some((status, body, head + length))
}

fn content_length(head: &[u8]) -> usize {
    let lines = head.split(|byte| *byte == b'\n').filter_map(|line| line.split_first_chunk::<15>());
    let value = lines.filter(|(name, _)| name.eq_ignore_ascii_case(b"content-length:")).map(|(_, value)| value).next();
    value.and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok()).unwrap_or(0)
}

/// Presses for `time`: every connection asks again as soon as it is answered. `request` writes the request of the n-th
/// question into the buffer. Returns the number of answers; all must have `status`.
pub fn press(herd: &mut Herd, time: Duration, status: u16, request: impl FnMut(u64, &mut Vec<u8>)) -> io::Result<u64> {
    let begun = Instant::now();
    pressed(herd, |_| begun.elapsed() < time, status, request)
}

/// Sends `rate` questions a second for `time`, evenly spread; one that is due while every connection waits for an answer is sent as soon as one
/// is free. (Nothing is pipelined: of more than 16 requests in a row, actix leaves some unread until more arrive.) Returns the number of answers;
/// all must have `status`.
pub fn pace(herd: &mut Herd, time: Duration, rate: f64, status: u16, mut request: impl FnMut(u64, &mut Vec<u8>)) -> io::Result<u64> {
    let (begun, mut sent, mut answered, mut buffer) = (Instant::now(), 0, 0, Vec::new());
    let mut free: VecDeque<usize> = (0..herd.len()).collect();
    loop {
        let elapsed = begun.elapsed();
        while elapsed < time
            && (sent as f64) < elapsed.as_secs_f64() * rate
            && let Some(which) = free.pop_front()
        {
            buffer.clear();
            request(sent, &mut buffer);
            herd.send(which, &buffer, sent, Instant::now())?;
            sent += 1;
        }
        if elapsed >= time && herd.outstanding() == 0 {
            return Ok(answered);
        }
        let wait = if elapsed < time { Duration::ZERO } else { Duration::from_millis(100) };
        herd.receive(wait, |which, answer| {
            assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(answer.body));
            answered += 1;
            free.push_back(which);
        })?;
    }
}

/// Like [`press`], with `number` questions.
pub fn ask(herd: &mut Herd, number: u64, status: u16, request: impl FnMut(u64, &mut Vec<u8>)) -> io::Result<u64> {
    pressed(herd, |asked| asked < number, status, request)
}

fn pressed(herd: &mut Herd, goes_on: impl Fn(u64) -> bool, status: u16, mut request: impl FnMut(u64, &mut Vec<u8>)) -> io::Result<u64> {
    let (mut asked, mut answered, mut buffer) = (0, 0, Vec::new());
    let mut free: Vec<usize> = (0..herd.len()).collect();
    loop {
        while goes_on(asked)
            && let Some(which) = free.pop()
        {
            buffer.clear();
            request(asked, &mut buffer);
            herd.send(which, &buffer, asked, Instant::now())?;
            asked += 1;
        }
        if herd.outstanding() == 0 {
            return Ok(answered);
        }
        herd.receive(Duration::from_millis(100), |which, answer| {
            assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(answer.body));
            answered += 1;
            free.push(which);
        })?;
    }
}
