using MudBlazor;

namespace Portal.Shared;

/// <summary>
/// Our one theme: calm and dense, one accent, neutral greys, the system's font. portal.css holds what a theme cannot say.
/// </summary>
public static class PortalTheme
{
    private static readonly string[] Font = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"];

    public static MudTheme Theme { get; } =
        new()
        {
            PaletteLight = new PaletteLight
            {
                Primary = "#1f5fd6",
                PrimaryContrastText = "#ffffff",
                Secondary = "#4b5563",
                Success = "#146c43",
                Warning = "#8a4b00",
                Error = "#b42318",
                Info = "#1f5fd6",
                Background = "#fafafa",
                Surface = "#ffffff",
                AppbarBackground = "#ffffff",
                AppbarText = "#18181b",
                DrawerBackground = "#f4f4f5",
                DrawerText = "#3f3f46",
                TextPrimary = "#18181b",
                TextSecondary = "#52525b",
                TextDisabled = "#6b6b74",
                ActionDefault = "#52525b",
                ActionDisabled = "#6b6b74",
                ActionDisabledBackground = "#ececee",
                LinesDefault = "#e4e4e7",
                LinesInputs = "#a1a1aa",
                TableLines = "#ececee",
                Divider = "#e4e4e7",
            },
            PaletteDark = new PaletteDark
            {
                Primary = "#8ab4ff",
                PrimaryContrastText = "#0b1220",
                Secondary = "#a1a1aa",
                Success = "#6fd3a0",
                Warning = "#f2b66d",
                Error = "#ff9a8f",
                Info = "#8ab4ff",
                Background = "#101013",
                Surface = "#18181b",
                AppbarBackground = "#18181b",
                AppbarText = "#f4f4f5",
                DrawerBackground = "#141417",
                DrawerText = "#d4d4d8",
                TextPrimary = "#f4f4f5",
                TextSecondary = "#a9a9b2",
                TextDisabled = "#92929c",
                ActionDefault = "#a9a9b2",
                ActionDisabled = "#92929c",
                ActionDisabledBackground = "#242428",
                LinesDefault = "#2a2a2f",
                LinesInputs = "#71717a",
                TableLines = "#242428",
                Divider = "#2a2a2f",
            },
            Typography = new Typography
            {
                Default = new DefaultTypography
                {
                    FontFamily = Font,
                    FontSize = "0.875rem",
                    LineHeight = "1.5",
                    LetterSpacing = "normal",
                },
                H1 = new H1Typography
                {
                    FontFamily = Font,
                    FontSize = "1.375rem",
                    FontWeight = "600",
                    LineHeight = "1.3",
                    LetterSpacing = "-0.01em",
                },
                H2 = new H2Typography
                {
                    FontFamily = Font,
                    FontSize = "1rem",
                    FontWeight = "600",
                    LineHeight = "1.4",
                    LetterSpacing = "normal",
                },
                Button = new ButtonTypography
                {
                    FontFamily = Font,
                    FontSize = "0.875rem",
                    FontWeight = "550",
                    TextTransform = "none",
                    LetterSpacing = "normal",
                },
                Body1 = new Body1Typography
                {
                    FontFamily = Font,
                    FontSize = "0.875rem",
                    LetterSpacing = "normal",
                },
                Body2 = new Body2Typography
                {
                    FontFamily = Font,
                    FontSize = "0.8125rem",
                    LetterSpacing = "normal",
                },
            },
            LayoutProperties = new LayoutProperties
            {
                DefaultBorderRadius = "6px",
                DrawerWidthLeft = "216px",
                AppbarHeight = "52px",
            },
        };
}
