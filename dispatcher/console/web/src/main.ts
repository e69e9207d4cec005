import { mount } from "svelte";
import "leaflet/dist/leaflet.css";
import "uplot/dist/uPlot.min.css";
import "./style/palette.css";
import "./style/base.css";
import App from "./App.svelte";

const target = document.getElementById("desk");
if (target) mount(App, { target });
