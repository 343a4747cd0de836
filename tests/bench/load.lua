-- load.lua: what wrk sends: lines of a file, method TAB path TAB cookie TAB body, one after the other, of two threads each every second one.
-- {uuid} in a line becomes a key of its own. Arguments: FILE [requests a second and connection].
local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    math.randomseed(os.time() * 7 + number)
    lines = {}
    for line in io.lines(args[1]) do lines[#lines + 1] = line end
    at = number - 1
    pause = args[2] and 1000 / tonumber(args[2]) or nil
    count = 0
    prefix = string.format("%d-%d-%d-", os.time(), number, math.random(1e9))
end

function request()
    at = at + 2
    if at > #lines then at = number % #lines + 1 end
    count = count + 1
    local method, path, cookie, body = lines[at]:match("^(%S+)\t(%S+)\t(%S*)\t?(.*)$")
    local headers = { ["Cookie"] = cookie, ["Sec-Fetch-Site"] = "same-origin" }
    if method ~= "GET" then
        headers["Content-Type"] = "application/json"
        headers["Idempotency-Key"] = prefix .. count
        headers["If-Match"] = "*"
    end
    return wrk.format(method, path, headers, body ~= "" and body or nil)
end

if true then
    function delay()
        if pause == nil then return 0 end
        return math.floor(pause * (0.5 + math.random()))
    end
end

function done(summary, latency, requests)
    io.write(string.format('RESULT {"requests": %d, "seconds": %.3f, "p50": %.3f, "p99": %.3f, "errors": %d, "bad": %d}\n', summary.requests, summary.duration / 1e6,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, summary.errors.status))
end
