-- Wireshark dissector for Rhumb event datagrams (docs/protocol.md), UDP port 6750.
--
--   tshark -X lua_script:tools/wireshark/rhumb.lua -r trace.pcap -Y 'rhumb.topic contains "plant"'
--
-- The layouts repeat the tables of dataplane/frame/wire.h; tests/lint/wire_tables.py compares them. A field is
-- { offset, size, name }, filter name rhumb.<layout>.<name> (DATAGRAM: rhumb.<name>). Fragments are shown, not joined.

local rhumb = Proto("rhumb", "Rhumb Event Protocol")

local VERSION = 1
local UDP_PORT = 6750
local ALIGN = 8

local layouts = {
	DATAGRAM = { size = 24, fields = {
		{ 0, 1, "version" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "session" },
		{ 8, 8, "packet_number" },
		{ 16, 1, "lane" },
		{ 17, 1, "key_id" },
		{ 18, 2, "ignored" },
		{ 20, 4, "check" },
	} },
	RECORD = { size = 4, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
	} },
	PUBLISH = { size = 56, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 1, "service" },
		{ 5, 1, "hop_limit" },
		{ 6, 2, "tenant" },
		{ 8, 8, "sequence" },
		{ 16, 8, "incarnation" },
		{ 24, 8, "origin_ns" },
		{ 32, 4, "ttl_ms" },
		{ 36, 4, "partition_hash" },
		{ 40, 4, "schema_id" },
		{ 44, 4, "payload_length" },
		{ 48, 2, "topic_length" },
		{ 50, 2, "options_length" },
		{ 52, 2, "attributes_length" },
		{ 54, 2, "ignored" },
	} },
	FRAGMENT = { size = 24, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "offset" },
		{ 8, 8, "sequence" },
		{ 16, 4, "total" },
		{ 20, 4, "id" },
	} },
	HELLO = { size = 48, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 1, "version_min" },
		{ 5, 1, "version_max" },
		{ 6, 2, "cookie_length" },
		{ 8, 8, "incarnation" },
		{ 16, 8, "credit_events" },
		{ 24, 8, "credit_bytes" },
		{ 32, 4, "queue_ms" },
		{ 36, 4, "keepalive_ms" },
		{ 40, 2, "max_datagram" },
		{ 42, 2, "client_id_length" },
		{ 44, 2, "tenant_length" },
		{ 46, 2, "ignored" },
	} },
	CHALLENGE = { size = 16, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 2, "cookie_length" },
		{ 6, 2, "ignored" },
		{ 8, 8, "node_incarnation" },
	} },
	WELCOME = { size = 56, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "session" },
		{ 8, 8, "node_incarnation" },
		{ 16, 8, "credit_events" },
		{ 24, 8, "credit_bytes" },
		{ 32, 4, "check" },
		{ 36, 4, "keepalive_ms" },
		{ 40, 4, "timeout_ms" },
		{ 44, 4, "max_payload" },
		{ 48, 2, "max_datagram" },
		{ 50, 1, "lanes" },
		{ 51, 1, "version" },
		{ 52, 4, "owner_worker" },
	} },
	BYE = { size = 8, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 1, "reason" },
		{ 5, 1, "ignored" },
		{ 6, 2, "text_length" },
	} },
	KEEPALIVE = { size = 40, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "ignored" },
		{ 8, 8, "sent_events" },
		{ 16, 8, "sent_bytes" },
		{ 24, 8, "stamp" },
		{ 32, 8, "dropped_copies" },
	} },
	UNKNOWN_SESSION = { size = 16, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "session" },
		{ 8, 8, "node_incarnation" },
	} },
	SUBSCRIBE = { size = 16, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "request" },
		{ 8, 2, "count" },
		{ 10, 6, "ignored" },
	} },
	SUBSCRIBE_ENTRY = { size = 8, fields = {
		{ 0, 2, "filter_length" },
		{ 2, 2, "content_length" },
		{ 4, 1, "content_kind" },
		{ 5, 1, "dialect" },
		{ 6, 2, "ignored" },
	} },
	SUBACK = { size = 24, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "request" },
		{ 8, 2, "count" },
		{ 10, 6, "ignored" },
		{ 16, 8, "generation" },
	} },
	SUBACK_RESULT = { size = 8, fields = {
		{ 0, 1, "code" },
		{ 1, 1, "text_length" },
		{ 2, 2, "every_cycles" },
		{ 4, 2, "match_cycles" },
		{ 6, 2, "bytes" },
	} },
	CREDIT = { size = 24, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "ignored" },
		{ 8, 8, "events" },
		{ 16, 8, "bytes" },
	} },
	ALIAS = { size = 16, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "request" },
		{ 8, 2, "number" },
		{ 10, 2, "topic_length" },
		{ 12, 4, "ignored" },
	} },
	ALIAS_ACK = { size = 16, fields = {
		{ 0, 1, "type" },
		{ 1, 1, "flags" },
		{ 2, 2, "length" },
		{ 4, 4, "request" },
		{ 8, 2, "number" },
		{ 10, 1, "code" },
		{ 11, 1, "ignored" },
		{ 12, 2, "text_length" },
		{ 14, 2, "ignored2" },
	} },
}

local record_types = {
	[0x01] = "PUBLISH",
	[0x02] = "FRAGMENT",
	[0x10] = "HELLO",
	[0x11] = "CHALLENGE",
	[0x12] = "WELCOME",
	[0x13] = "BYE",
	[0x14] = "KEEPALIVE",
	[0x15] = "UNKNOWN_SESSION",
	[0x20] = "SUBSCRIBE",
	[0x21] = "SUBACK",
	[0x22] = "UNSUBSCRIBE",
	[0x23] = "UNSUBACK",
	[0x30] = "CREDIT",
	[0x40] = "ALIAS",
	[0x41] = "ALIAS_ACK",
	[0x50] = "ACK",
	[0x51] = "NACK",
	[0x52] = "DISCARD",
}

local bye_reasons = {
	[0] = "normal",
	[1] = "protocol error",
	[2] = "session timed out",
	[3] = "client id greeted from elsewhere",
	[4] = "router is shutting down",
	[5] = "sent beyond the credit",
	[6] = "a limit was reached",
	[7] = "no common version",
	[8] = "unknown tenant",
	[9] = "refused by the operator",
}

local sub_codes = {
	[0] = "ok",
	[1] = "invalid filter",
	[2] = "invalid content expression",
	[3] = "too dear to compile or scan",
	[4] = "not supported yet",
	[5] = "a limit was reached",
	[6] = "was not subscribed",
	[7] = "the router could not do it now",
}

local core_attributes = {
	[1] = "id",
	[2] = "source",
	[3] = "specversion",
	[4] = "type",
	[5] = "datacontenttype",
	[6] = "dataschema",
	[7] = "subject",
	[8] = "time",
}

-- Records that share the layout of another.
local same_layout = { UNSUBSCRIBE = "SUBSCRIBE", UNSUBACK = "SUBACK" }

local value_names = {
	["record.type"] = record_types,
	["bye.reason"] = bye_reasons,
	["suback_result.code"] = sub_codes,
	["alias_ack.code"] = sub_codes,
	["subscribe_entry.content_kind"] = { [0] = "none", [1] = "payload regex", [2] = "CESQL", [3] = "filters in JSON" },
}

local hex_names = { flags = true, session = true, check = true, incarnation = true, node_incarnation = true,
	partition_hash = true, service = true, type = true, stamp = true }

-- Fields by "layout.name", made from the layouts.
local fields = {}

local function field_make(key, size, name)
	local abbr = "rhumb." .. key:gsub("^datagram%.", "")
	local base = hex_names[name] and base.HEX or base.DEC
	local make = ({ ProtoField.uint8, ProtoField.uint16, [4] = ProtoField.uint32, [8] = ProtoField.uint64 })[size]

	if make then
		fields[key] = make(abbr, name, base, value_names[key])
	else
		fields[key] = ProtoField.bytes(abbr, name)
	end
end

for layout, def in pairs(layouts) do
	for _, f in ipairs(def.fields) do
		field_make(layout:lower() .. "." .. f[3], f[2], f[3])
	end
end

fields.class = ProtoField.uint8("rhumb.publish.class", "class", base.DEC, nil, 0xe0)
fields.mode = ProtoField.uint8("rhumb.publish.mode", "delivery mode", base.DEC, nil, 0x18)
fields.kind = ProtoField.uint8("rhumb.publish.kind", "kind", base.DEC, { [0] = "event", [1] = "command", [2] = "reply" }, 0x06)
fields.alias = ProtoField.uint16("rhumb.publish.alias", "alias")
fields.topic = ProtoField.string("rhumb.topic", "topic", base.UNICODE)
fields.payload = ProtoField.bytes("rhumb.payload", "payload")
fields.slice = ProtoField.bytes("rhumb.fragment.slice", "slice")
fields.option = ProtoField.bytes("rhumb.option", "option")
fields.attribute = ProtoField.string("rhumb.attribute", "attribute", base.UNICODE)
fields.cookie = ProtoField.bytes("rhumb.cookie", "cookie")
fields.client_id = ProtoField.string("rhumb.client_id", "client id", base.UNICODE)
fields.tenant_name = ProtoField.string("rhumb.tenant_name", "tenant", base.UNICODE)
fields.filter = ProtoField.string("rhumb.filter", "filter", base.UNICODE)
fields.content = ProtoField.string("rhumb.content", "content", base.UNICODE)
fields.text = ProtoField.string("rhumb.text", "text", base.UNICODE)
fields.padding = ProtoField.bytes("rhumb.padding", "padding")

local malformed = ProtoExpert.new("rhumb.malformed", "malformed", expert.group.MALFORMED, expert.severity.ERROR)

rhumb.experts = { malformed }
rhumb.fields = (function()
	local list = {}
	for _, f in pairs(fields) do
		list[#list + 1] = f
	end
	return list
end)()

local function bad(tree, why)
	tree:add_proto_expert_info(malformed, why)
end

-- The fixed part of @layout at the start of @buf, fields behind the first @skip bytes.
local function fixed_add(tree, buf, layout, skip)
	for _, f in ipairs(layouts[layout].fields) do
		if f[1] >= skip and not f[3]:match("^ignored") then
			tree:add(fields[layout:lower() .. "." .. f[3]], buf(f[1], f[2]))
		end
	end
end

local function padded(len)
	return math.ceil(len / ALIGN) * ALIGN
end

-- Variable parts one after another; says and returns false when they do not fit.
local function parts_add(tree, buf, at, parts)
	for _, part in ipairs(parts) do
		local field, len = part[1], part[2]
		if at + len > buf:len() then
			bad(tree, "lengths inside the record contradict each other")
			return false
		end
		if len > 0 then
			tree:add(field, buf(at, len))
		end
		at = at + len
	end
	return true
end

local function options_add(tree, buf)
	local at = 0
	while at + 2 <= buf:len() do
		local len = 2 + buf(at + 1, 1):uint()
		if at + len > buf:len() then
			bad(tree, "option longer than the options")
			return
		end
		tree:add(fields.option, buf(at, len))
		at = at + len
	end
end

local function attributes_add(tree, buf)
	local at = 0
	while at + 3 <= buf:len() do
		local start, key = at, bit.band(buf(at, 1):uint(), 0x1f)
		local name = core_attributes[key] or ("key " .. key)
		at = at + 1
		if key == 0 then
			local len = buf(at, 1):uint()
			if at + 1 + len + 2 > buf:len() then
				bad(tree, "attribute name longer than the attributes")
				return
			end
			name = buf(at + 1, len):string()
			at = at + 1 + len
		end
		local len = buf(at, 2):uint()
		if at + 2 + len > buf:len() then
			bad(tree, "attribute value longer than the attributes")
			return
		end
		local value = len > 0 and buf(at + 2, len):string(ENC_UTF_8) or ""
		at = at + 2 + len
		tree:add(fields.attribute, buf(start, at - start), name .. "=" .. value)
	end
end

local dissect = {}

function dissect.PUBLISH(tree, buf)
	local is_alias = bit.band(buf(1, 1):uint(), 1) ~= 0
	local topic_len = is_alias and 0 or buf(48, 2):uint()
	local options_len, attributes_len = buf(50, 2):uint(), buf(52, 2):uint()
	local at = layouts.PUBLISH.size + topic_len

	tree:add(fields.class, buf(4, 1))
	tree:add(fields.mode, buf(4, 1))
	tree:add(fields.kind, buf(4, 1))
	if is_alias then
		tree:add(fields.alias, buf(48, 2))
	end
	if at + options_len + attributes_len + buf(44, 4):uint() ~= buf:len() then
		bad(tree, "lengths inside the record contradict each other")
		return "?"
	end
	parts_add(tree, buf, layouts.PUBLISH.size, { { fields.topic, topic_len } })
	if options_len > 0 then
		options_add(tree, buf(at, options_len))
	end
	if attributes_len > 0 then
		attributes_add(tree, buf(at + options_len, attributes_len))
	end
	parts_add(tree, buf, at + options_len + attributes_len, { { fields.payload, buf(44, 4):uint() } })
	return is_alias and ("alias " .. buf(48, 2):uint()) or buf(layouts.PUBLISH.size, topic_len):string(ENC_UTF_8)
end

function dissect.FRAGMENT(tree, buf)
	parts_add(tree, buf, layouts.FRAGMENT.size, { { fields.slice, buf:len() - layouts.FRAGMENT.size } })
	return string.format("%d of %d", buf(4, 4):uint(), buf(16, 4):uint())
end

function dissect.HELLO(tree, buf)
	parts_add(tree, buf, layouts.HELLO.size, {
		{ fields.cookie, buf(6, 2):uint() },
		{ fields.client_id, buf(42, 2):uint() },
		{ fields.tenant_name, buf(44, 2):uint() },
	})
end

function dissect.CHALLENGE(tree, buf)
	parts_add(tree, buf, layouts.CHALLENGE.size, { { fields.cookie, buf(4, 2):uint() } })
end

function dissect.BYE(tree, buf)
	parts_add(tree, buf, layouts.BYE.size, { { fields.text, buf(6, 2):uint() } })
	return bye_reasons[buf(4, 1):uint()]
end

function dissect.ALIAS(tree, buf)
	parts_add(tree, buf, layouts.ALIAS.size, { { fields.topic, buf(10, 2):uint() } })
end

function dissect.ALIAS_ACK(tree, buf)
	parts_add(tree, buf, layouts.ALIAS_ACK.size, { { fields.text, buf(12, 2):uint() } })
end

-- Entries of SUBSCRIBE or results of SUBACK: each a fixed part, texts, zeros up to 8.
local function entries_add(tree, buf, at, layout, texts)
	local size = layouts[layout].size

	while at < buf:len() do
		if at + size > buf:len() then
			return bad(tree, "entry cut off")
		end
		local parts, len = texts(buf(at, size)), size
		for _, part in ipairs(parts) do
			len = len + part[2]
		end
		if at + padded(len) > buf:len() then
			return bad(tree, "entry longer than the record")
		end
		local entry = buf(at, padded(len))
		local sub = tree:add(rhumb, entry, layout)
		fixed_add(sub, entry, layout, 0)
		parts_add(sub, entry, size, parts)
		at = at + padded(len)
	end
end

function dissect.SUBSCRIBE(tree, buf)
	entries_add(tree, buf, layouts.SUBSCRIBE.size, "SUBSCRIBE_ENTRY", function(entry)
		return { { fields.filter, entry(0, 2):uint() }, { fields.content, entry(2, 2):uint() } }
	end)
	return "request " .. buf(4, 4):uint()
end

function dissect.SUBACK(tree, buf)
	entries_add(tree, buf, layouts.SUBACK.size, "SUBACK_RESULT", function(result)
		return { { fields.text, result(1, 1):uint() } }
	end)
	return "request " .. buf(4, 4):uint()
end

-- One record; returns the offset of the next, nil when the walk ends.
local function record_add(tree, buf, at, info)
	if buf:len() - at < layouts.RECORD.size then
		bad(tree, "fewer bytes than a record header")
		return nil
	end
	local code, len = buf(at, 1):uint(), buf(at + 2, 2):uint()
	local name = record_types[code]
	local layout = same_layout[name] or name

	if not layouts[layout] or len < layouts[layout].size or at + len > buf:len() then
		bad(tree, layouts[layout] and "record length wrong" or "record type unknown or reserved")
		return nil
	end
	local rec = buf(at, len)
	local sub = tree:add(rhumb, rec, name)
	fixed_add(sub, rec, "RECORD", 0)
	fixed_add(sub, rec, layout, layouts.RECORD.size)
	local detail = dissect[layout] and dissect[layout](sub, rec:tvb())
	info[#info + 1] = detail and (name .. " " .. detail) or name
	local pad = math.min(padded(len), buf:len() - at) - len
	if pad > 0 then
		sub:add(fields.padding, buf(at + len, pad))
	end
	return at + len + pad
end

function rhumb.dissector(buf, pinfo, root)
	if buf:len() < layouts.DATAGRAM.size or buf(0, 1):uint() ~= VERSION then
		return 0
	end
	local tree = root:add(rhumb, buf())
	local info = {}
	local at = layouts.DATAGRAM.size

	pinfo.cols.protocol = "RHUMB"
	fixed_add(tree, buf, "DATAGRAM", 0)
	if buf(2, 2):uint() ~= buf:len() then
		bad(tree, "datagram length is not the UDP payload's")
	end
	while at and at < buf:len() do
		at = record_add(tree, buf, at, info)
	end
	pinfo.cols.info = table.concat(info, ", ")
	return buf:len()
end

DissectorTable.get("udp.port"):add(UDP_PORT, rhumb)
