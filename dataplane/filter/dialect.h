#pragma once

/* The dialects of topics and filters. The numbers are the wire's (docs/protocol.md). */

enum rh_dialect {
	RH_DIALECT_MQTT = 0,
	RH_DIALECT_SOLACE = 1,
	RH_DIALECT_NATS = 2,
	RH_DIALECT_ZENOH = 3,
	RH_DIALECT_AMQP = 4,
	RH_DIALECT_COUNT
};
