import Foundation
import Glibc
import LinuxSystem
package import OVSDB
import Testing

/// A server that says what a test wants it to, on a socket of its own: one thread accepts, and each connection is served
/// on its own.
package final class ScriptedServer: Sendable {
    private let directory: String
    private let listener: Int32
    /// Of a server on TCP.
    package let port: Int

    /// - Parameters:
    ///   - isLocal: on a UNIX socket, or on TCP.
    ///   - serve: what happens on each connection, counted from 0; the connection ends with it.
    package init(isLocal: Bool = true, _ serve: @escaping @Sendable (Int, Peer) throws -> Void) throws {
        directory = try Files.makeTemporaryDirectory("ovsdb-tests")
        let number = isLocal ? try Self.listen(atPath: "\(directory)/sock") : try Self.listenOnTCP()
        listener = number
        port = isLocal ? 0 : try Self.port(of: number)
        Thread.detachNewThread {
            var count = 0
            while case let connection = accept(number, nil, nil), connection >= 0 {
                let index = count
                count += 1
                Thread.detachNewThread {
                    let peer = Peer(connection)
                    try? serve(index, peer)
                    _ = shutdown(connection, Int32(SHUT_RDWR))
                    close(connection)
                }
            }
            close(number)
        }
    }

    deinit {
        // Ends the accept.
        _ = shutdown(listener, Int32(SHUT_RDWR))
        try? Files.removeTree(directory)
    }

    private static func listen(atPath path: String) throws -> Int32 {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && Glibc.listen(number, 8) == 0)
        return number
    }

    /// On a port of the loopback that the system chooses.
    private static func listenOnTCP() throws -> Int32 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port: 0)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(bound == 0 && Glibc.listen(number, 8) == 0)
        return number
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }

    private static func port(of listener: Int32) throws -> Int {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
        }
        try #require(code == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Hands on what a server of this machine and its clients say.
    /// - Parameters:
    ///   - step: how many of the server's bytes at once.
    ///   - most: after so many of the server's bytes, the connection ends.
    package static func relay(toPort port: Int, step: Int = 65536, most: Int = .max) throws -> ScriptedServer {
        try ScriptedServer(isLocal: false) { _, client in
            let number = try connect(toPort: port)
            let server = Peer(number)
            let client = client.number
            let hasEnded = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                let (client, server) = (Peer(client), Peer(number))
                while case let bytes = client.receive(), !bytes.isEmpty { try? server.write(bytes) }
                server.end()
                hasEnded.signal()
            }
            // Numbers that are closed belong to other connections at once: nobody may use them any more.
            defer {
                for socket in [client, number] { shutdown(socket, Int32(SHUT_RDWR)) }
                hasEnded.wait()
                close(number)
            }
            var rest = most
            while rest > 0, case let bytes = server.receive(), !bytes.isEmpty {
                for begin in stride(from: 0, to: min(bytes.count, rest), by: step) {
                    try Peer(client).write(Array(bytes[begin..<min(begin + step, bytes.count, rest)]))
                }
                rest -= min(bytes.count, rest)
            }
        }
    }

    private static func connect(toPort port: Int) throws -> Int32 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port: port)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
        return number
    }

    package var target: String { "unix:\(directory)/sock" }
    package var path: String { "\(directory)/sock" }

    /// One connection, seen from the server.
    package final class Peer {
        package let number: Int32
        private var framer = MessageFramer()

        package init(_ number: Int32) { self.number = number }

        package struct Gone: Error {}

        /// What comes next, whatever it is; empty at the end.
        package func receive() -> [UInt8] {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(number, &buffer, buffer.count, 0)
            return Array(buffer.prefix(max(0, count)))
        }

        /// Ends the connection for both ends.
        package func end() { _ = shutdown(number, Int32(SHUT_RDWR)) }

        /// The client's next message.
        package func read() throws -> JSONValue {
            while true {
                if let frame = try framer.next() { return try JSONValue(parsing: frame.message) }
                var buffer = [UInt8](repeating: 0, count: 65536)
                let count = recv(number, &buffer, buffer.count, 0)
                guard count > 0 else { throw Gone() }
                framer.append(Array(buffer[..<count]))
            }
        }

        /// The next message with a method, which is checked; echo is answered in between.
        @discardableResult
        package func expect(_ method: String) throws -> JSONValue {
            let message = try read()
            #expect(message["method"] == .string(method))
            return message["id"] ?? .null
        }

        package func write(_ text: String) throws { try write(Array(text.utf8)) }

        package func write(_ bytes: [UInt8]) throws {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Gone() }
                rest = rest.dropFirst(count)
            }
        }

        package func text(_ id: JSONValue) -> String { String(decoding: id.encoded, as: UTF8.self) }

        /// Until the client closes the connection.
        package func waitForEnd() throws { while !receive().isEmpty {} }
    }
}
