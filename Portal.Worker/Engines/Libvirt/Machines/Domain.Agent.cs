using System.Xml.Linq;

namespace Portal.Worker.Engines.Libvirt;

internal sealed partial class Domain
{
    /// <summary>
    /// The guest holds the agent's port open. Whether it answers shows only when it is asked. One that runs since before the worker spoke
    /// with agents itself has none until its next stop.
    /// </summary>
    public bool HasAgent() =>
        Devices(live: true)
            .Elements("channel")
            .Elements("target")
            .Any(target => (string?)target.Attribute("name") == DomainXml.AgentPort && (string?)target.Attribute("state") == "connected");
}
