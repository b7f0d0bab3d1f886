-- perf/workloads/echo.lua: a POST with a body of 128 bytes.
wrk.method = "POST"
wrk.headers["Content-Type"] = "text/plain"
wrk.body = string.rep("0123456789abcdef", 8)
