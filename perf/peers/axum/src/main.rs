// perf/peers/axum: the five benchmark endpoints in Axum.
//
//     peer-axum [--threads N] [--port P]
//
// One thread (the default) is Tokio's current-thread runtime: no work stealing, no wake-ups across
// threads, Axum at its best on one core.
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::Serialize;

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct User {
    id: String,
    name: String,
}

async fn hello() -> &'static str {
    "Hello, World!"
}

async fn json() -> Json<Message> {
    Json(Message { message: "Hello, World!" })
}

async fn echo(body: Bytes) -> Bytes {
    body
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

async fn user(Path(id): Path<String>) -> Json<User> {
    let name = format!("User {id}");
    Json(User { id, name })
}

fn option(name: &str, default: usize) -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
}

async fn serve(port: usize) {
    let app = Router::new()
        .route("/hello", get(hello))
        .route("/json", get(json))
        .route("/echo", post(echo))
        .route("/health", get(health))
        .route("/users/{id}", get(user));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    axum::serve(listener, app).await.unwrap();
}

fn main() {
    let threads = option("--threads", 1);
    let mut builder = if threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    builder.enable_io().build().unwrap().block_on(serve(option("--port", 8081)));
}
