import MirrorModel
import TestSupport

/// A machine, its mirrors, and the frames that are sent through it.
struct Scenario: Sendable {
    var layout: LabLayout
    var mirrors: [Mirror]
    var injections: [Injection]
    /// Whether the mirrors are applied one after the other rather than all at once.
    var isStepwise = false

    /// A frame and who sends it.
    struct Injection: Hashable, Sendable {
        var frame: Frame
        var entry: Entry
    }

    /// Where a frame gets into the machine.
    enum Entry: Hashable, Sendable, CustomStringConvertible {
        /// A VM sends it: it is received from the port.
        case vm(PortName)
        /// The host sends it out of a port, or into a bridge.
        case host(PortName)

        var description: String {
            switch self {
            case .vm(let port): "VM at \(port)"
            case .host(let port): "host through \(port)"
            }
        }
    }

    /// Who is behind which port.
    enum Station {
        /// One of the stations behind the port with this number in the layout.
        static func address(_ port: Int, _ station: Int) -> MACAddress {
            MACAddress(0x02, 0, 0, 0, UInt8(port), UInt8(station))
        }

        static func ipv4(_ port: Int, _ station: Int) -> [UInt8] { [10, 0, UInt8(port), UInt8(station)] }

        static func ipv6(_ port: Int, _ station: Int) -> [UInt8] {
            [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 9) + [UInt8(port), 0, UInt8(station)]
        }
    }
}
