using System.Xml.Linq;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>The agent inside a running guest. https://www.qemu.org/docs/master/interop/qemu-ga-ref.html</summary>
internal sealed partial class Domain
{
    /// <summary>How long a guest's agent may take to answer; seconds.</summary>
    private const int AgentPatience = 10;

    /// <summary>VIR_DOMAIN_PASSWORD_ENCRYPTED: what is handed over is a hash.</summary>
    private const uint Hashed = 1;

    /// <summary>virDomainAuthorizedSSHKeysSetFlags: beside the others; away with it.</summary>
    private const uint Append = 1;
    private const uint Away = 2;

    /// <summary>The guest holds the agent's port open. Whether it answers shows only when it is asked.</summary>
    public bool HasAgent() =>
        Devices(live: true)
            .Elements("channel")
            .Elements("target")
            .Any(target =>
                (string?)target.Attribute("name") == "org.qemu.guest_agent.0" && (string?)target.Attribute("state") == "connected"
            );

    /// <summary>Asks the guest's agent to make its file systems quiet. False where no agent answers.</summary>
    public bool TryFreeze()
    {
        if (!HasAgent())
        {
            return false;
        }

        LimitAgent();
        return virDomainFSFreeze(handle, 0, 0, 0) >= 0;
    }

    /// <summary>An agent that does not answer now has a guest that ended; nothing could be done about that here.</summary>
    public void Thaw() => _ = virDomainFSThaw(handle, 0, 0, 0);

    public void SetPassword(string user, string hash)
    {
        LimitAgent();
        session.CheckAgent(virDomainSetUserPassword(handle, user, hash, Hashed));
    }

    /// <summary>One that is there already is not added again.</summary>
    public void AddKey(string user, string line) => SetKeys(user, [line], Append);

    /// <summary>One that is not there is no failure. The agent compares whole lines, and some images leave the comment out.</summary>
    /// <param name="but">A line that stays in any case: it may be the same key without its comment.</param>
    public void RemoveKey(string user, string line, string but)
    {
        string[] lines = [.. new[] { line, string.Join(' ', line.Split(' ').Take(2)) }.Where(one => one != but)];
        if (lines.Length > 0)
        {
            SetKeys(user, lines, Away);
        }
    }

    private void SetKeys(string user, string[] lines, uint how)
    {
        LimitAgent();
        session.CheckAgent(virDomainAuthorizedSSHKeysSet(handle, user, lines, (uint)lines.Length, how));
    }

    private void LimitAgent() => session.Check(virDomainAgentSetResponseTimeout(handle, AgentPatience, 0));
}
