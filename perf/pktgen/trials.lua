-- Runs inside Pktgen-DPDK (-f trials.lua): plays the pcap file of port 0 at the rates that are asked for, one order a line, and
-- answers each with the ports' counters. perf/lib/pktgen.py speaks to it; the two paths come by the environment.
--
-- order   trial PERCENT SECONDS | quit
-- answer  link MBITS VERSION, once; then for each trial: started, stopped, each at that moment, and: sent received missed errors no_buffers (since the start of Pktgen)

local SETTLE_MS = 1100 -- Pktgen takes its counters once a second
local LOOKS = 12

local function counters()
	local all = { opackets = 0, ipackets = 0, imissed = 0, ierrors = 0, oerrors = 0, rx_nombuf = 0 }
	for port, stats in pairs(pktgen.portStats("all", "port")) do
		if type(port) == "number" then
			for name in pairs(all) do
				all[name] = all[name] + stats[name]
			end
		end
	end
	return all
end

-- What is on its way arrives: two looks saw the same.
local function settled()
	local before
	for _ = 1, LOOKS do
		pktgen.delay(SETTLE_MS)
		local now = counters()
		if before and now.ipackets == before.ipackets and now.opackets == before.opackets then
			break
		end
		before = now
	end
	return before
end

local function link_mbits()
	return tonumber(string.match(pktgen.linkState("0")[0], "%-(%d+)%-") or "0")
end

local function answer(file, text)
	file:write(text, "\n")
	file:flush()
end

local function trial(answers, percent, seconds)
	pktgen.set("0", "rate", percent)
	pktgen.start("0")
	answer(answers, "started")
	pktgen.delay(math.floor(seconds * 1000))
	pktgen.stop("0")
	answer(answers, "stopped")
	local c = settled()
	answer(answers, string.format("%d %d %d %d %d", c.opackets, c.ipackets, c.imissed, c.ierrors + c.oerrors, c.rx_nombuf))
end

local function main()
	local orders = assert(io.open(os.getenv("RHUMB_ORDERS"), "r"))
	local answers = assert(io.open(os.getenv("RHUMB_ANSWERS"), "w"))

	pktgen.screen("off")
	pktgen.set("0", "count", 0)
	answer(answers, "link " .. link_mbits() .. " " .. tostring(pktgen.info and pktgen.info.Pktgen_Version or "unknown"))
	for line in orders:lines() do
		local percent, seconds = string.match(line, "^trial ([%d.]+) ([%d.]+)$")
		if not percent then
			break
		end
		trial(answers, tonumber(percent), tonumber(seconds))
	end
	pktgen.quit()
end

main()
