-- What trials.lua needs of Pktgen, for pktgen_test.py: a link of 1,000 Mbit/s with frames of 226 bytes, of which every STUB_LOSES-th is lost.

local loses = tonumber(os.getenv("STUB_LOSES") or "0")
local sending, percent, sent, seen = false, 0, 0, 0

pktgen = { info = { Pktgen_Version = os.getenv("STUB_VERSION") or "23.03.0" } }

function pktgen.screen() end
function pktgen.set(port, what, value)
	assert(port == "0")
	if what == "rate" then
		percent = value
	end
end
function pktgen.linkState()
	return { [0] = os.getenv("STUB_LINK") or "<UP-1000-FD>", n = 1 }
end
function pktgen.start() sending = true end
function pktgen.stop() sending = false end
function pktgen.delay(ms)
	if sending then
		sent = sent + math.floor(500000 * percent / 100 * ms / 1000 + 0.5)
	end
	seen = sent
end
function pktgen.portStats()
	local got = loses > 0 and seen - seen // loses or seen
	return { [0] = { opackets = seen, ipackets = got, imissed = 0, ierrors = 0, oerrors = 0, rx_nombuf = 0 }, n = 1 }
end
function pktgen.quit() os.exit(0) end

dofile(os.getenv("TRIALS_LUA"))
