import Foundation
import Glibc
import LinuxSystem

/// The control sockets of Open vSwitch's daemons: JSON-RPC, as `ovs-appctl` speaks it (lib/unixctl.c).
enum UnixControl {
    /// Gives one command and returns its answer.
    static func call(_ path: String, _ command: String, _ arguments: [String]) throws -> String {
        let socket = try connect(to: path)
        let request: [String: Any] = ["id": 0, "method": command, "params": arguments]
        try socket.write([UInt8](try JSONSerialization.data(withJSONObject: request)))
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            guard try socket.waitReadable(milliseconds: 10_000) else {
                throw LabError("\(path) doesn't answer \(command)")
            }
            let count = recv(socket.number, &buffer, buffer.count, 0)
            guard count > 0 else { throw LabError("\(path) hung up on \(command)") }
            received += buffer[..<count]
            // One object, with no end mark but its own last brace.
            guard received.last == UInt8(ascii: "}"),
                let reply = try? JSONSerialization.jsonObject(with: Data(received)) as? [String: Any]
            else { continue }
            if let error = reply["error"] as? String { throw LabError("\(command): \(error)") }
            return reply["result"] as? String ?? ""
        }
    }

    private static func connect(to path: String) throws -> Descriptor {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw LabError("can't open a socket: \(String(cString: strerror(errno)))") }
        let descriptor = Descriptor(owning: number)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = path.utf8CString
        guard bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else {
            throw LabError("the path of a socket is too long: \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { space in
            for (index, byte) in bytes.enumerated() { space[index] = UInt8(bitPattern: byte) }
        }
        let code = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw LabError("can't connect to \(path): \(String(cString: strerror(errno)))") }
        return descriptor
    }
}
