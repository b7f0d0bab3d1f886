// perf/peers/fiber: the five benchmark endpoints in Fiber.
//
//	peer-fiber [--threads N] [--port P]
package main

import (
	"flag"
	"fmt"
	"log"
	"runtime"

	"github.com/gofiber/fiber/v2"
)

type message struct {
	Message string `json:"message"`
}

type health struct {
	Status string `json:"status"`
}

type user struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func main() {
	threads := flag.Int("threads", 1, "GOMAXPROCS")
	port := flag.Int("port", 8083, "port to listen at")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)

	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/hello", func(c *fiber.Ctx) error { return c.SendString("Hello, World!") })
	app.Get("/json", func(c *fiber.Ctx) error { return c.JSON(message{"Hello, World!"}) })
	app.Post("/echo", func(c *fiber.Ctx) error { return c.Send(c.Body()) })
	app.Get("/health", func(c *fiber.Ctx) error { return c.JSON(health{"ok"}) })
	app.Get("/users/:id", func(c *fiber.Ctx) error {
		id := c.Params("id")
		return c.JSON(user{id, "User " + id})
	})
	log.Fatal(app.Listen(fmt.Sprintf("127.0.0.1:%d", *port)))
}
