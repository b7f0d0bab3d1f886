// perf/peers/actix: the five benchmark endpoints in Actix Web.
//
//     peer-actix [--threads N] [--port P]
use actix_web::web::{Bytes, Json, Path};
use actix_web::{get, post, App, HttpServer, Responder};
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

#[get("/hello")]
async fn hello() -> impl Responder {
    "Hello, World!"
}

#[get("/json")]
async fn json() -> impl Responder {
    Json(Message { message: "Hello, World!" })
}

#[post("/echo")]
async fn echo(body: Bytes) -> impl Responder {
    body
}

#[get("/health")]
async fn health() -> impl Responder {
    Json(Health { status: "ok" })
}

#[get("/users/{id}")]
async fn user(id: Path<String>) -> impl Responder {
    let id = id.into_inner();
    let name = format!("User {id}");
    Json(User { id, name })
}

fn option(name: &str, default: usize) -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = option("--port", 8082) as u16;
    HttpServer::new(|| {
        App::new().service(hello).service(json).service(echo).service(health).service(user)
    })
    .workers(option("--threads", 1))
    .bind(("127.0.0.1", port))?
    .run()
    .await
}
