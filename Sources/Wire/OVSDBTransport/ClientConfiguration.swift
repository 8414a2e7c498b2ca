public import OVSDB

extension OVSDBClient {
    /// Time limits, sizes and the like.
    public struct Configuration: Sendable {
        /// How long one server may take until it is connected, TLS included.
        public var connectTimeout: Duration
        /// How long a request may take.
        public var requestTimeout: Duration
        /// How long all calls together may wait for the server: so long it can hold up whoever uses the client, however
        /// often it is asked, and however slowly each answer comes. nil: as long as the calls come to.
        public var patience: Duration?
        /// The largest message taken from the server, in bytes; a larger one ends the connection.
        public var maximumMessage: Int
        /// How long a server on tcp or ssl may be silent until it is asked for a sign of life, and then until it counts
        /// as lost.
        public var probeInterval: Duration
        /// The first and the longest pause between attempts to reconnect; each is twice the last.
        public var backoff: ClosedRange<Duration>
        /// Whether a broken connection is made anew.
        public var reconnects: Bool
        /// Whether only a cluster's leader will do, as with Open vSwitch's own programs. A follower may be behind.
        public var leaderOnly: Bool
        /// The only tables that the client knows of; nil: all. Short programs save time if they name theirs.
        public var tables: [String]?

        /// With what suits a switch's database.
        public init(
            connectTimeout: Duration = .seconds(5), requestTimeout: Duration = .seconds(10), patience: Duration? = nil,
            maximumMessage: Int = 64 << 20, probeInterval: Duration = .seconds(5),
            backoff: ClosedRange<Duration> = .seconds(1)...(.seconds(8)), reconnects: Bool = true,
            leaderOnly: Bool = true, tables: [String]? = nil
        ) {
            self.connectTimeout = connectTimeout
            self.requestTimeout = requestTimeout
            self.patience = patience
            self.maximumMessage = maximumMessage
            self.probeInterval = probeInterval
            self.backoff = backoff
            self.reconnects = reconnects
            self.leaderOnly = leaderOnly
            self.tables = tables
        }
    }

    /// What has been received since the client was made.
    public struct Statistics: Hashable, Sendable {
        /// From all servers, without TLS.
        public internal(set) var bytesReceived = 0
        /// Time from bytes to replica and results.
        public internal(set) var decoding = Duration.zero
    }

    /// How it stands with the connection.
    public enum ConnectionState: Hashable, Sendable {
        /// Nothing was asked for yet.
        case idle
        /// The first connection is being made.
        case connecting
        /// Connected to a server, and the database is there.
        case connected(to: OVSDBTarget.Remote)
        /// The connection is lost; another attempt is under way or will be.
        case reconnecting(since: ContinuousClock.Instant, OVSDBError)
        /// There is no connection and none is being made; ``OVSDBClient/connect()`` tries again.
        case failed(OVSDBError)
        /// For good: ``OVSDBClient/close()`` was called.
        case closed
    }
}
