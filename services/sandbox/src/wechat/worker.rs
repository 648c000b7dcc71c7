//! What the platform does by itself: it ends mass jobs when they are due,
//! pushes their results, and carries citizens' messages to the account's
//! server. Everything that must survive a restart is read from the world; only
//! a push that is under way is lost with the process, as it would be there.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use runtime::Lifecycle;

use super::{
    callback::{Delivered, Outcome, Pusher},
    citizen::Sent,
    mass,
    state::{Bubble, Job, WechatChange},
};
use crate::{
    store::Store,
    world::{Shown, ShownKind},
    xml::cdata,
};

/// How often due jobs are looked for.
const LOOK: Duration = Duration::from_millis(25);
const QUEUE: usize = 1_024;

/// Something to push, and who waits for what came of it.
struct Errand {
    sent: Sent,
    done: oneshot::Sender<Pushed>,
}

/// What a citizen got for a message.
pub struct Pushed {
    /// The account's words, if it had any.
    pub reply: Option<String>,
    /// `replied`, `taken` or `fault`.
    pub outcome: &'static str,
    pub deliveries: u32,
}

/// Hands messages to the worker.
#[derive(Clone)]
pub struct Postbox {
    errands: mpsc::Sender<Errand>,
}

impl Postbox {
    /// Pushes one message; resolves when it was answered or given up, `None`
    /// when the sandbox is stopping. Dropping the future stops nothing.
    pub async fn push(&self, sent: Sent) -> Option<Pushed> {
        let (done, pushed) = oneshot::channel();
        self.errands.send(Errand { sent, done }).await.ok()?;
        pushed.await.ok()
    }
}

/// The platform's own hands.
pub struct Worker {
    store: Arc<Store>,
    pusher: Pusher,
    errands: mpsc::Receiver<Errand>,
}

impl Worker {
    /// A worker and the way to give it work.
    pub fn new(store: Arc<Store>, pusher: Pusher) -> (Self, Postbox) {
        let (sender, errands) = mpsc::channel(QUEUE);
        (Self { store, pusher, errands }, Postbox { errands: sender })
    }

    /// Works until the soft stop, then finishes the pushes under way.
    ///
    /// # Errors
    /// The journal cannot be written any more.
    pub async fn run(mut self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let soft = lifecycle.soft();
        let mut pushes: JoinSet<Option<u64>> = JoinSet::new();
        let mut announcing: HashSet<u64> = HashSet::new();
        loop {
            tokio::select! {
                () = soft.cancelled() => break,
                Some(errand) = self.errands.recv() => {
                    let (store, pusher) = (self.store.clone(), self.pusher.clone());
                    pushes.spawn(async move {
                        run_errand(&store, &pusher, errand).await;
                        None
                    });
                }
                Some(ended) = pushes.join_next() => {
                    if let Ok(Some(msg_id)) = ended {
                        announcing.remove(&msg_id);
                    }
                }
                () = tokio::time::sleep(LOOK) => {
                    self.finish_due_jobs()?;
                    for job in self.results_to_push(&announcing) {
                        announcing.insert(job.msg_id);
                        let (store, pusher) = (self.store.clone(), self.pusher.clone());
                        pushes.spawn(async move {
                            push_result(&store, &pusher, &job).await;
                            Some(job.msg_id)
                        });
                    }
                }
            }
        }
        while pushes.join_next().await.is_some() {}
        Ok(())
    }

    fn finish_due_jobs(&self) -> anyhow::Result<()> {
        let due = self.store.read(|world, now_ms| {
            let jobs = world.wechat.jobs.values().filter(|job| job.is_due(now_ms));
            jobs.map(|job| job.msg_id).collect::<Vec<_>>()
        });
        for msg_id in due {
            self.store.transact(|tx| mass::finish_if_due(tx, msg_id))?;
        }
        Ok(())
    }

    fn results_to_push(&self, announcing: &HashSet<u64>) -> Vec<Job> {
        self.store.read(|world, _| {
            let waiting =
                |job: &&Job| job.result.is_some() && !job.result_pushed && !announcing.contains(&job.msg_id);
            world.wechat.jobs.values().filter(waiting).cloned().collect()
        })
    }
}

async fn run_errand(store: &Store, pusher: &Pusher, errand: Errand) {
    let Sent { msg_id, openid, xml } = &errand.sent;
    let Delivered { outcome, deliveries } = pusher.push(openid, xml).await;
    let notice = || Bubble::Notice("该公众号提供的服务出现故障，请稍后再试".to_owned());
    let (bubble, outcome) = match outcome {
        Outcome::Taken => (None, "taken"),
        Outcome::Reply(bubble) => (Some(bubble), "replied"),
        // For an event the citizen sees nothing: nothing was asked.
        Outcome::Unusable | Outcome::Unreachable => (msg_id.map(|_| notice()), "fault"),
    };
    let reply = match &bubble {
        Some(Bubble::Theirs(text)) => Some(text.clone()),
        Some(Bubble::Card { title, url, .. }) => Some(format!("{title}\n{url}")),
        _ => None,
    };
    if let Some(bubble) = bubble {
        let recorded = store.transact(|tx| {
            let written = msg_id.and_then(|msg_id| tx.world.wechat.written.get(&msg_id));
            // A copy pushed again on order shows its answer only if the first had none.
            if written.is_some_and(|written| written.replied) {
                return;
            }
            if let Some(shown) = shown(tx.store, &errand.sent, &bubble, tx.now_ms) {
                tx.record(shown);
            }
            let (openid, msg_id) = (openid.clone(), msg_id.unwrap_or_default());
            tx.record(WechatChange::Replied { openid, msg_id, bubble });
        });
        if let Err(error) = recorded {
            tracing::error!(error = &error as &dyn std::error::Error, "a reply was not recorded");
        }
    }
    // Nobody may be waiting any more.
    let _ = errand.done.send(Pushed { reply, outcome, deliveries });
}

fn shown(store: &Store, sent: &Sent, bubble: &Bubble, now_ms: i64) -> Option<Shown> {
    let (title, text, url) = match bubble {
        Bubble::Theirs(text) => (None, text.clone(), None),
        Bubble::Card { title, summary, url } => (Some(title.clone()), summary.clone(), Some(url.clone())),
        Bubble::Picture(_) => (None, String::new(), None),
        Bubble::Mine(_) | Bubble::Articles(_) | Bubble::Notice(_) => return None,
    };
    let event = || format!("event:{}:{now_ms}", sent.openid);
    Some(Shown {
        kind: ShownKind::PassiveReply,
        account: store.config.wechat.original_id.clone(),
        openid: Some(sent.openid.clone()),
        title,
        text,
        url,
        platform_id: sent.msg_id.map_or_else(event, |msg_id| msg_id.to_string()),
        more: Vec::new(),
    })
}

async fn push_result(store: &Store, pusher: &Pusher, job: &Job) {
    const HELPER: &str = "mphelper";
    let Some(xml) = result_event(store, job, HELPER) else { return };
    for _ in 0..job.events {
        // A result that nobody takes is lost; `mass/get` still tells it.
        let Delivered { outcome, deliveries } = pusher.push(HELPER, &xml).await;
        if matches!(outcome, Outcome::Unreachable) {
            tracing::warn!(msg_id = job.msg_id, deliveries, "a mass job's result was not taken");
        }
    }
    let pushed = store.transact(|tx| tx.record(WechatChange::ResultPushed { msg_id: job.msg_id }));
    if let Err(error) = pushed {
        tracing::error!(error = &error as &dyn std::error::Error, "a pushed result was not recorded");
    }
}

fn result_event(store: &Store, job: &Job, helper: &str) -> Option<String> {
    let result = job.result.as_ref()?;
    let filtered = result.total - result.skipped.len();
    let sent = if result.is_success() { filtered } else { 0 };
    let urls: Vec<String> = match result.is_success() {
        true => mass::article_urls(&store.public_url, job).collect(),
        false => Vec::new(),
    };
    let items = |item: &dyn Fn(usize, &str) -> String| {
        urls.iter().enumerate().map(|(index, url)| item(index + 1, url)).collect::<String>()
    };
    let copyright = items(&|idx, _| {
        format!(
            "<item><ArticleIdx>{idx}</ArticleIdx><UserDeclareState>0</UserDeclareState><AuditState>11</AuditState>\
             <OriginalArticleUrl><![CDATA[]]></OriginalArticleUrl><OriginalArticleType>1</OriginalArticleType>\
             <CanReprint>1</CanReprint><NeedReplaceContent>0</NeedReplaceContent>\
             <NeedShowReprintSource>0</NeedShowReprintSource></item>"
        )
    });
    let addresses = items(&|idx, url| {
        format!("<item><ArticleIdx>{idx}</ArticleIdx><ArticleUrl>{}</ArticleUrl></item>", cdata(url))
    });
    let count = urls.len();
    Some(format!(
        "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{}</CreateTime>\
         <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[MASSSENDJOBFINISH]]></Event><MsgID>{}</MsgID>\
         <Status>{}</Status><TotalCount>{}</TotalCount><FilterCount>{filtered}</FilterCount>\
         <SentCount>{sent}</SentCount><ErrorCount>0</ErrorCount>\
         <CopyrightCheckResult><Count>{count}</Count><ResultList>{copyright}</ResultList><CheckState>1</CheckState>\
         </CopyrightCheckResult>\
         <ArticleUrlResult><Count>{count}</Count><ResultList>{addresses}</ResultList></ArticleUrlResult></xml>",
        cdata(&store.config.wechat.original_id),
        cdata(helper),
        store.now_ms() / 1000,
        job.msg_id,
        cdata(&result.status),
        result.total,
    ))
}
