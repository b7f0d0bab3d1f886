-- perf/workloads/close.lua: a connection for each request.
wrk.headers["Connection"] = "close"
