//! Telling a pooler from a server, without credentials: a pooler refuses a startup parameter that it
//! does not know before it asks for a password; a server asks first (PostgreSQL, chapter
//! "Message Flow"). A connection of its own, made only after silence.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::{Dialer, Wire};
use crate::probe::postgres::upgrade::upgrade;

/// A startup parameter that no pooler knows.
const PARAMETER: &str = "connprobe_check";

/// Whether a pooler answers at this address; `None` where nothing can be told.
pub(super) async fn identify(dialer: &Dialer, user: &str, database: &str) -> Option<bool> {
    let mut side = dialer.side();
    let limit = dialer.target().timeouts.answer.min(std::time::Duration::from_secs(3));
    let asked = async {
        let wire = side.tcp().await.ok()?;
        let (mut wire, _) = upgrade(&mut side, wire).await.ok()?;
        first_answer(&mut wire, user, database).await
    };
    tokio::time::timeout(limit, asked).await.ok()?
}

async fn first_answer(wire: &mut Wire, user: &str, database: &str) -> Option<bool> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for word in ["user", user, "database", database, PARAMETER, "1"] {
        body.extend(word.bytes().filter(|byte| *byte != 0));
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).ok()?.to_be_bytes();
    wire.write_all(&[&length[..], &body].concat()).await.ok()?;
    wire.flush().await.ok()?;
    let kind = wire.read_u8().await.ok()?;
    let length = wire.read_u32().await.ok()?.clamp(4, 4_096);
    let mut rest = vec![0_u8; length as usize - 4];
    wire.read_exact(&mut rest).await.ok()?;
    match kind {
        b'R' => Some(false),
        b'E' => {
            let names_file = rest.split(|byte| *byte == 0).any(|field| field.starts_with(b"F"));
            Some(!names_file)
        }
        _ => None,
    }
}
