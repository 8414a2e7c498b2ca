/// Which complete files are to go so that those that stay keep to limits: a ring buffer of files.
public struct PrunePolicy: Hashable, Sendable {
    /// A complete file.
    public struct File: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// The order in which files were completed.
        public var order: UInt64
        /// Bytes that it takes on the disk.
        public var bytes: UInt64
        /// When it was completed, in seconds since 1970.
        public var completed: Int64

        /// A file by what decides about it.
        public init(name: String, order: UInt64, bytes: UInt64, completed: Int64) {
            self.name = name
            self.order = order
            self.bytes = bytes
            self.completed = completed
        }
    }

    /// The volume that the files are on.
    public struct Volume: Hashable, Sendable {
        /// Its bytes.
        public var size: UInt64
        /// Bytes that are free for users (`f_bavail`).
        public var free: UInt64

        /// A volume.
        public init(size: UInt64, free: UInt64) {
            self.size = size
            self.free = free
        }
    }

    /// The most complete files.
    public var files: Int?
    /// The most bytes of complete files and the one that is being written.
    public var bytes: UInt64?
    /// The most seconds since a file's completion.
    public var age: Int64?
    /// How full the volume may be, in per cent, whoever's the files on it are.
    public var percent: Int?

    /// A policy; without a limit every file stays.
    public init(files: Int? = nil, bytes: UInt64? = nil, age: Int64? = nil, percent: Int? = nil) {
        self.files = files
        self.bytes = bytes
        self.age = age
        self.percent = percent
    }

    /// Whether there is any limit.
    public var hasLimit: Bool { files != nil || bytes != nil || age != nil || percent != nil }

    /// Whether a limit can be passed though no file is completed.
    public var hasRunningLimit: Bool { bytes != nil || age != nil || percent != nil }

    /// The files that are to go, the oldest first. The file that is being written isn't among those given, so it stays.
    /// - Parameters:
    ///   - complete: the files that may go, in any order.
    ///   - writing: bytes of the file that is being written.
    ///   - now: seconds since 1970.
    ///   - volume: nil if it isn't known; then ``percent`` doesn't count.
    public func doomed(_ complete: [File], writing: UInt64, now: Int64, volume: Volume?) -> [File] {
        var rest = complete.sorted { ($0.order, $0.name) < ($1.order, $1.name) }[...]
        var bytes = rest.reduce(writing) { $0 &+ $1.bytes }
        var free = volume?.free ?? 0
        var doomed: [File] = []
        while let oldest = rest.first {
            guard
                isOver(files, rest.count) || isOver(self.bytes, bytes) || isOld(oldest, now) || isFull(volume, free)
            else { break }
            rest = rest.dropFirst()
            bytes = bytes &- oldest.bytes
            free = free &+ oldest.bytes
            doomed.append(oldest)
        }
        return doomed
    }

    private func isOver<Number: Comparable>(_ most: Number?, _ count: Number) -> Bool {
        most.map { count > $0 } ?? false
    }

    private func isOld(_ file: File, _ now: Int64) -> Bool {
        guard let age else { return false }
        let (seconds, isTooFar) = now.subtractingReportingOverflow(file.completed)
        return isTooFar ? file.completed < now : seconds > age
    }

    private func isFull(_ volume: Volume?, _ free: UInt64) -> Bool {
        guard let percent, let volume, volume.size > 0 else { return false }
        let used = UInt128(volume.size - min(free, volume.size))
        return used * 100 > UInt128(volume.size) * UInt128(max(0, percent))
    }
}
