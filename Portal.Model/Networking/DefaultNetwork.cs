using System.Net;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>The private network that every account begins with, so that nobody has to make one first.</summary>
public static class DefaultNetwork
{
    public const string Name = "default";
    public const string Region = "local";

    private static readonly IPNetwork Everywhere = IpText.Range("0.0.0.0/0");

    public static Network For(Project project, DateTimeOffset now)
    {
        var network = new Network
        {
            Id = ResourceIds.New("vpc"),
            AccountId = project.AccountId,
            ProjectId = project.Id,
            RegionId = Region,
            Name = Name,
            CreatedAt = now,
            Range = IpText.Range("10.0.0.0/16"),
        };
        network.Subnets.Add(
            new Subnet
            {
                Id = ResourceIds.New("subnet"),
                AccountId = project.AccountId,
                NetworkId = network.Id,
                Name = Name,
                CreatedAt = now,
                Range = IpText.Range("10.0.0.0/24"),
            }
        );
        return network;
    }

    /// <summary>Lets SSH in and everything out.</summary>
    public static SecurityGroup GroupOf(Network network, DateTimeOffset now)
    {
        var group = new SecurityGroup
        {
            Id = ResourceIds.New("sg"),
            AccountId = network.AccountId,
            NetworkId = network.Id,
            Name = Name,
            CreatedAt = now,
            IsDefault = true,
        };
        group.Rules.Add(
            new SecurityGroupRule
            {
                AccountId = network.AccountId,
                SecurityGroupId = group.Id,
                Direction = RuleDirection.Inbound,
                Protocol = TransportProtocol.Tcp,
                FromPort = 22,
                ToPort = 22,
                Range = Everywhere,
            }
        );
        group.Rules.Add(
            new SecurityGroupRule
            {
                AccountId = network.AccountId,
                SecurityGroupId = group.Id,
                Direction = RuleDirection.Outbound,
                Protocol = TransportProtocol.All,
                Range = Everywhere,
            }
        );
        return group;
    }
}
