extension OVSDBSession {
    /// What a session is held to.
    public struct Settings: Hashable, Sendable {
        /// The database's name.
        public var database: String
        /// Bytes.
        public var maximumMessage: Int
        /// How deep a message's brackets may nest.
        public var maximumDepth: Int
        /// How many requests may be without their reply at once.
        public var maximumRequests: Int
        /// Silence after which the server is asked for a sign of life, and after as much again given up. nil: never.
        public var probeInterval: Duration?
        /// Whether to look at `_Server` for the state of the cluster (ovsdb-server(7), section 4.1.1).
        public var looksAtCluster: Bool
        /// Whether only the cluster's leader will do.
        public var leaderOnly: Bool
        /// The server as errors name it.
        public var server: String
        /// The only tables whose schema is read, and of which the session knows; nil: all. To read a large schema whole
        /// takes longer than most of what is then done with a few of its tables.
        public var tables: [String]?

        public init(
            database: String = "Open_vSwitch", maximumMessage: Int = 64 << 20, maximumDepth: Int = 32,
            maximumRequests: Int = 1024, probeInterval: Duration? = nil, looksAtCluster: Bool = false,
            leaderOnly: Bool = true, server: String = "", tables: [String]? = nil
        ) {
            self.database = database
            self.maximumMessage = maximumMessage
            self.maximumDepth = maximumDepth
            self.maximumRequests = maximumRequests
            self.probeInterval = probeInterval
            self.looksAtCluster = looksAtCluster
            self.leaderOnly = leaderOnly
            self.server = server
            self.tables = tables
        }
    }

    /// What the owner of a session has to do, in this order.
    public enum Action: Sendable {
        /// Send these bytes.
        case send([UInt8])
        /// The answer to a server's request: send it, unless so much waits to be sent that the server can't be reading.
        case answer([UInt8])
        /// The database is there and its schema known: transactions may begin.
        case ready
        /// The replica has changed.
        case changed
        /// The monitor's first snapshot is there.
        case monitoring
        /// The server refuses to monitor.
        case monitorRefused(OVSDBError)
        /// A transaction has ended, by the number that ``OVSDBSession/transact(_:)`` gave it.
        case finished(Int, Result<[OperationResult], OVSDBError>)
        /// Close the connection, for this reason, then call ``OVSDBSession/disconnected(_:)``.
        case disconnect(OVSDBError)
    }
}
