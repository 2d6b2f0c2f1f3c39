// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/cachefiles`: the daemon's side.
//!
//! One file can be open at a time. It stands for a cache: commands that are written to it say where
//! the cache is and bring it online, reading it tells how the cache is, and when it is closed, in
//! whatever way, the cache is withdrawn.
//!
//! `config` is a mutex: commands are carried out one at a time. Nothing of fscache's or of the
//! cache's is locked around it.

use crate::{
    abi_debug, bindings,
    cache::{
        Cache,
        Settings,
        SpaceFor, //
    },
    chardev::Device,
    command::{
        self,
        Refusal,
        Resource,
        Threshold,
        Verb, //
    },
    cred::may_administer,
    jar::Jar,
    limits::{
        Amount,
        Percent, //
    },
    lsm,
    object::Object,
    path::Path,
    status::Status,
    store,
};
use kernel::{
    fmt,
    fs::File,
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    str::CString,
    sync::{
        atomic::{
            ordering,
            AtomicFlag, //
        },
        poll::PollTable,
        Arc, ArcBorrow, Mutex,
    },
    uaccess::{
        UserSliceReader,
        UserSliceWriter, //
    },
};

/// The cache's name unless the daemon gives it one.
const DEFAULT_TAG: &CStr = c"CacheFiles";

/// Is the device open?
static OPEN: AtomicFlag = AtomicFlag::new(false);

/// The right to have the device open, which one has at a time.
struct Exclusive;

impl Exclusive {
    fn acquire() -> Result<Self> {
        if OPEN.xchg(true, ordering::Full) {
            Err(EBUSY)
        } else {
            Ok(Self)
        }
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        OPEN.store(false, ordering::Release);
    }
}

/// What the daemon has said so far.
struct Config {
    files: Percent,
    blocks: Percent,
    root: Option<CString>,
    tag: Option<CString>,
    secid: Option<u32>,
    cache: Option<Arc<Cache>>,
}

/// An open `/dev/cachefiles`.
#[pin_data]
pub(crate) struct Daemon {
    #[pin]
    config: Mutex<Config>,
    status: Arc<Status>,
    jar: Arc<Jar<Object>>,
    /// The last to go.
    _exclusive: Exclusive,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Invalid => EINVAL,
            Refusal::Unknown => EOPNOTSUPP,
        }
    }
}

/// An argument as a C string. It holds no NUL, see [`command::parse`].
fn to_cstring(argument: &[u8]) -> Result<CString> {
    let mut bytes = KVec::with_capacity(argument.len().saturating_add(1), GFP_KERNEL)?;
    bytes.extend_from_slice(argument, GFP_KERNEL)?;
    bytes.push(0, GFP_KERNEL)?;
    let string = CStr::from_bytes_with_nul(&bytes).map_err(|_| EINVAL)?;
    Ok(CString::try_from(string)?)
}

/// A line of fixed capacity.
struct Line {
    bytes: [u8; 256],
    len: usize,
}

impl Line {
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let slot = self.bytes.get_mut(self.len).ok_or(fmt::Error)?;
            *slot = byte;
            self.len = self.len.saturating_add(1);
        }
        Ok(())
    }
}

impl Config {
    fn new() -> Self {
        Self {
            files: Percent::DEFAULT,
            blocks: Percent::DEFAULT,
            root: None,
            tag: None,
            secid: None,
            cache: None,
        }
    }

    /// `{b,f}{run,cull,stop} <N>%`: sets a limit.
    fn set_limit(&mut self, resource: Resource, threshold: Threshold, argument: &[u8]) -> Result {
        let percent = command::percent(argument)?;
        let limits = match resource {
            Resource::Blocks => &mut self.blocks,
            Resource::Files => &mut self.files,
        };
        let set = match threshold {
            Threshold::Run => limits.set_run(percent),
            Threshold::Cull => limits.set_cull(percent),
            Threshold::Stop => limits.set_stop(percent),
        };
        set.map_err(|_| {
            pr_err!("Free space limits must be in range 0%<=stop<cull<run<100%\n");
            EINVAL
        })
    }

    /// `dir <name>`: names the directory that holds the cache.
    fn set_root(&mut self, argument: &[u8]) -> Result {
        if argument.is_empty() {
            pr_err!("Empty directory specified\n");
            return Err(EINVAL);
        }
        if self.root.is_some() {
            pr_err!("Second cache directory specified\n");
            return Err(EEXIST);
        }
        self.root = Some(to_cstring(argument)?);
        Ok(())
    }

    /// `tag <name>`: names the cache.
    fn set_tag(&mut self, argument: &[u8]) -> Result {
        if argument.is_empty() {
            pr_err!("Empty tag specified\n");
            return Err(EINVAL);
        }
        if self.tag.is_some() {
            return Err(EEXIST);
        }
        self.tag = Some(to_cstring(argument)?);
        Ok(())
    }

    /// `secctx <context>`: says under which security context the cache is used.
    fn set_context(&mut self, argument: &[u8]) -> Result {
        if argument.is_empty() {
            pr_err!("Empty security context specified\n");
            return Err(EINVAL);
        }
        if self.secid.is_some() {
            pr_err!("Second security context specified\n");
            return Err(EINVAL);
        }
        self.secid = Some(lsm::secctx_to_secid(&to_cstring(argument)?)?);
        Ok(())
    }

    /// `debug <mask>`: says what to report.
    fn set_debug(argument: &[u8]) -> Result {
        let mask = command::mask(argument).inspect_err(|_| {
            pr_err!("debug command requires mask\n");
        })?;
        abi_debug::set(mask);
        Ok(())
    }

    /// `bind`: brings the cache online.
    fn bind(&mut self, argument: &[u8], daemon: &Daemon) -> Result {
        let Some(root) = &self.root else {
            pr_err!("No cache directory specified\n");
            return Err(EINVAL);
        };
        if self.cache.is_some() {
            pr_err!("Cache already bound\n");
            return Err(EBUSY);
        }
        if !argument.is_empty() {
            pr_err!("'bind' command doesn't take an argument\n");
            return Err(EINVAL);
        }
        let settings = Settings {
            root,
            tag: self.tag.as_deref().unwrap_or(DEFAULT_TAG),
            secid: self.secid,
            files: self.files,
            blocks: self.blocks,
        };
        let cache = Cache::bind(&settings, daemon.status.clone(), daemon.jar.clone())?;
        self.cache = Some(cache);
        Ok(())
    }

    /// The cache, a name in the daemon's current directory, and that directory, which must be one
    /// of the cache's.
    ///
    /// # Errors
    ///
    /// `ESTALE` if it is none: whoever holds the device may remove things from the cache, and from
    /// nowhere else. A daemon that is going through a volume while that is moved to the graveyard
    /// gets this for the rest of it, and any other answer would make it exit.
    fn target<'a>(&self, argument: &'a [u8], what: &str) -> Result<(&Cache, Path, &'a [u8])> {
        if !command::is_plain_name(argument) {
            pr_err!("{} command requires dirfd and filename\n", what);
            return Err(EINVAL);
        }
        let Some(cache) = self.cache.as_deref() else {
            pr_err!("{} applied to unready cache\n", what);
            return Err(EIO);
        };
        let directory = Path::current_directory()?;
        if !directory.dentry().can_lookup() {
            pr_err!("{} command requires dirfd to be a directory\n", what);
            return Err(ENOTDIR);
        }
        let is_ours = core::ptr::eq(&**directory.mount(), cache.mount())
            && directory.dentry().is_below(cache.store());
        if !is_ours {
            return Err(ESTALE);
        }
        Ok((cache, directory, argument))
    }

    /// `cull <name>`: removes what nobody uses.
    fn cull(&self, argument: &[u8]) -> Result {
        let (cache, directory, name) = self.target(argument, "cull")?;
        cache.with_creds(|| store::cull(cache, directory.dentry(), name))
    }

    /// `inuse <name>`: tells whether something is in use.
    fn check_in_use(&self, argument: &[u8]) -> Result {
        let (cache, directory, name) = self.target(argument, "inuse")?;
        cache.with_creds(|| store::check_in_use(cache, directory.dentry(), name))
    }
}

impl Daemon {
    /// Carries a command out. Sleeps.
    fn execute(&self, written: &[u8]) -> Result {
        let command = command::parse(written)?;
        let mut config = self.config.lock();
        if self.status.is_dead() {
            return Err(EIO);
        }
        let argument = command.argument;
        match command.verb {
            Verb::Bind => config.bind(argument, self),
            Verb::Limit(resource, threshold) => config.set_limit(resource, threshold, argument),
            Verb::Cull => config.cull(argument),
            Verb::Debug => Config::set_debug(argument),
            Verb::Dir => config.set_root(argument),
            Verb::Inuse => config.check_in_use(argument),
            Verb::Secctx => config.set_context(argument),
            Verb::Tag => config.set_tag(argument),
            Verb::DaemonOption => Ok(()),
        }
    }

    /// Writes the state of the cache. Takes the counts of what was released.
    fn describe(&self, cache: &Cache, released: (u32, u64)) -> Result<Line> {
        use fmt::Write;

        let limits = cache.limits();
        let mut line = Line {
            bytes: [0; 256],
            len: 0,
        };
        write!(
            line,
            "cull={} frun={:x} fcull={:x} fstop={:x} brun={:x} bcull={:x} bstop={:x} \
             freleased={:x} breleased={:x}",
            if self.status.is_culling() { '1' } else { '0' },
            limits.files.run,
            limits.files.cull,
            limits.files.stop,
            limits.blocks.run,
            limits.blocks.cull,
            limits.blocks.stop,
            released.0,
            released.1,
        )
        .map_err(|_| EMSGSIZE)?;
        Ok(line)
    }
}

impl Device for Daemon {
    type Context = Arc<Jar<Object>>;

    fn open(jar: &Arc<Jar<Object>>) -> Result<Arc<Self>> {
        if !may_administer() {
            return Err(EPERM);
        }
        let exclusive = Exclusive::acquire()?;
        let status = Arc::pin_init(Status::new(), GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                config <- new_mutex!(Config::new(), "cachefiles daemon"),
                status,
                jar: jar.clone(),
                _exclusive: exclusive,
            }),
            GFP_KERNEL,
        )
    }

    /// Tells the state of the cache; nothing at all before it is online.
    fn read(this: ArcBorrow<'_, Self>, mut buffer: UserSliceWriter) -> Result<usize> {
        let cache = this.config.lock().cache.clone();
        let Some(cache) = cache else {
            return Ok(0);
        };
        let _ = cache.has_space(Amount::default(), SpaceFor::Check);

        let released = this.status.take_released();
        let told = this.describe(&cache, released).and_then(|line| {
            let line = line.as_bytes();
            if line.len() > buffer.len() {
                return Err(EMSGSIZE);
            }
            buffer.write_slice(line)?;
            Ok(line.len())
        });
        // What the daemon did not get, it is told the next time.
        told.inspect_err(|_| this.status.return_released(released))
    }

    fn write(this: ArcBorrow<'_, Self>, buffer: UserSliceReader, len: usize) -> Result {
        if this.status.is_dead() {
            return Err(EIO);
        }
        if len > PAGE_SIZE.saturating_sub(1) {
            return Err(EOPNOTSUPP);
        }
        let mut written = KVec::new();
        buffer.read_all(&mut written, GFP_KERNEL)?;
        this.execute(&written)
    }

    fn poll(this: ArcBorrow<'_, Self>, file: &File, table: PollTable<'_>) -> u32 {
        table.register_wait(file, &this.status.waiters);
        let mut ready = 0;
        if this.status.is_changed() {
            ready |= bindings::CACHEFILES_EPOLLIN;
        }
        if this.status.is_culling() {
            ready |= bindings::CACHEFILES_EPOLLOUT;
        }
        ready
    }

    fn release(this: Arc<Self>) {
        this.status.set_dead();
        let cache = this.config.lock().cache.take();
        if let Some(cache) = cache {
            cache.withdraw();
            drop(cache);
        }
    }
}
