import { mount } from "svelte";
import "../style/palette.css";
import "../style/base.css";
import Simulator from "./Simulator.svelte";

const target = document.getElementById("sim");
if (target) mount(Simulator, { target });
